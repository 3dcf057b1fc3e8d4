/** The log: one JSON object a line. Errors are reduced to what can be read and searched; a driver's error carries its whole client. */
import pino, { type DestinationStream, type Logger } from 'pino'

interface LogError {
  readonly type: string
  readonly message: string
  readonly code?: unknown
  readonly stack?: string | undefined
  readonly cause?: LogError
}

const CAUSES_MAX = 3

/** drizzle adds the values of a failed statement to its message. */
const withoutParameters = (text: string): string => text.replace(/\nparams: [\s\S]*?(?=\n {4}at |$)/, '')

function describe(error: unknown, depth = 0): LogError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { code, cause } = error as Error & { code?: unknown }
  return {
    type: error.name,
    message: withoutParameters(error.message),
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined || depth >= CAUSES_MAX ? {} : { cause: describe(cause, depth + 1) }),
    ...(depth === 0 ? { stack: withoutParameters(error.stack ?? '') } : {})
  }
}

/** Lines leave the process in blocks: a system call for each would cost every request. A crash may take the last `FLUSH_EVERY_MS` with it. */
const BLOCK_BYTES = 32_768
const FLUSH_EVERY_MS = 250

export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = { level, base: { pid: process.pid }, serializers: { err: (error: unknown) => describe(error) } }
  if (destination !== undefined) return pino(options, destination)
  const stdout = pino.destination({ dest: 1, sync: false, minLength: BLOCK_BYTES, maxWrite: 2 * BLOCK_BYTES, periodicFlush: FLUSH_EVERY_MS })
  process.on('exit', () => stdout.flushSync())
  return pino(options, stdout)
}
