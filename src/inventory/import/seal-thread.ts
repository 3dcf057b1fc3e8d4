/** The sealing thread: takes blocks, answers each with its sealed rows, in order. Started by `sealer.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { createLineSealer, type SealJob } from './seal-lines.ts'

const port = parentPort
if (port === null) throw new Error('this file is started as a thread')

const seal = createLineSealer(workerData as SealJob)
port.on('message', (block: Uint8Array<ArrayBuffer>) => {
  const sealed = seal(block)
  port.postMessage(
    sealed,
    Object.values(sealed.columns).map(column => column.buffer)
  )
})
