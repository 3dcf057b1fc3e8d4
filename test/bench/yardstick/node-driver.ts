import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { YardstickDriver, YardstickResult } from './contract.ts'

/** The driver that needs nothing but npm. */
export function createNodeDriver(databaseUrl: string): YardstickDriver {
  const child = fork(join(import.meta.dirname, 'node-process.ts'), [databaseUrl], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    name: 'Node driver',
    run: async run => {
      child.send(run)
      const [answer] = (await once(child, 'message')) as [YardstickResult | { failure: string }]
      if ('failure' in answer) throw new Error(answer.failure)
      return answer
    },
    stop: async () => {
      if (child.exitCode !== null) return
      child.disconnect()
      await once(child, 'exit')
    }
  }
}
