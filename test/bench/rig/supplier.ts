/** A simulated supplier in a process of its own, as `npm run simulate` starts it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const START_MAX_MS = 30_000

export interface SupplierProcess {
  readonly pid: number
  /** The body that makes it a supplier of kahub. */
  readonly account: Readonly<Record<string, unknown>>
  /** References of all that it sold, in the order of sale. */
  book(): Promise<readonly string[]>
  stop(): Promise<void>
}

export async function startSupplier(name: string, delayMs: number): Promise<SupplierProcess> {
  const child = spawn(
    process.execPath,
    [join('src', 'launch.cjs'), join('src', 'suppliers', 'simulators', 'main.ts'), name, '--delay', `${delayMs}`],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit']
    }
  )
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const giveUp = AbortSignal.timeout(START_MAX_MS)
  while (!text.includes('/__sim/book\n')) await once(child.stdout, 'data', { signal: giveUp })
  const account = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Record<string, unknown>
  const [, token = '', url = ''] = /x-sim-token: (\w+)' (\S+)/.exec(text) ?? []
  return {
    pid: child.pid ?? 0,
    account,
    book: async () => {
      const answer = (await (await fetch(url, { headers: { 'x-sim-token': token } })).json()) as { sales: { reference: string }[] }
      return answer.sales.map(sale => sale.reference)
    },
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}
