/** A process of the run that speaks over IPC, and ends with it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..', '..')

export interface Child<Order extends object, Report extends object> {
  readonly pid: number
  send(order: Order): void
  onReport(listener: (report: Report) => void): void
  /** The first report from now on that this accepts. */
  next<R extends Report>(accept: (report: Report) => report is R): Promise<R>
  stop(): Promise<void>
}

export function startChild<Order extends object, Report extends object>(script: string, args: readonly string[] = []): Child<Order, Report> {
  const process_: ChildProcess = fork(join(ROOT, 'test', 'chaos', script), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
    execArgv: []
  })
  const listeners = new Set<(report: Report) => void>()
  process_.on('message', message => {
    for (const listener of [...listeners]) listener(message as Report)
  })
  const ended = once(process_, 'exit')
  return {
    pid: process_.pid ?? 0,
    send: order => void process_.send?.(order),
    onReport: listener => void listeners.add(listener),
    next: <R extends Report>(accept: (report: Report) => report is R) => {
      const { promise, resolve, reject } = Promise.withResolvers<R>()
      const listener = (report: Report): void => {
        if (!accept(report)) return
        listeners.delete(listener)
        resolve(report)
      }
      listeners.add(listener)
      void ended.then(() => reject(new Error(`${script} ended`)))
      promise.catch(() => undefined)
      return promise
    },
    stop: async () => {
      if (process_.connected) process_.disconnect()
      await ended
    }
  }
}

/** The other side: for the process itself. */
export function onOrder<Order extends object>(obey: (order: Order) => void): void {
  process.on('message', message => obey(message as Order))
  process.on('disconnect', () => process.exit(0))
  // A terminal's Ctrl-C is for the one who started us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
}

export const report = <Report extends object>(message: Report): void => void process.send?.(message)
