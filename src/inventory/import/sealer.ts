/** Where a file's lines are sealed: at once for a few of them, else on a thread of its own, so that orders do not wait for them. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { importsBusy } from '../errors.ts'
import { createLineSealer, type SealedBlock, type SealJob } from './seal-lines.ts'

export interface Sealer {
  /** Blocks may be handed in before the one before is answered; the answers come in order. The block must not be used again. */
  seal(block: Uint8Array<ArrayBuffer>): Promise<SealedBlock>
  close(): Promise<void>
}

/** Some hundred lines, or ten milliseconds of the event loop; a thread takes longer to start. */
const INLINE_MAX_BYTES = 16 * 1_024
/** Each weighs some tens of MB. */
const THREADS_MAX = 4
/** Enough for the blocks in flight; a thread gone wild ends its import, not the process. */
const THREAD_HEAP = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 }

let threads = 0

/** `expectedBytes`: the length of the file, if it is known. Throws: overloaded. */
export function openSealer(job: SealJob, expectedBytes: number | null): Sealer {
  return expectedBytes !== null && expectedBytes <= INLINE_MAX_BYTES ? inlineSealer(job) : threadSealer(job)
}

function inlineSealer(job: SealJob): Sealer {
  const seal = createLineSealer(job)
  return { seal: async block => seal(block), close: async () => undefined }
}

function threadSealer(job: SealJob): Sealer {
  if (threads >= THREADS_MAX) throw importsBusy()
  threads++
  const waiting: PromiseWithResolvers<SealedBlock>[] = []
  let failure: Error | null = null
  const fail = (error: Error): void => {
    failure ??= error
    for (const each of waiting.splice(0)) each.reject(failure)
  }
  const worker = new Worker(new URL(`./seal-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: job,
    resourceLimits: THREAD_HEAP
  })
  worker.on('message', (sealed: SealedBlock) => waiting.shift()?.resolve(sealed))
  // Not the error itself: its message might quote a line.
  worker.on('error', error => fail(new Error(`the sealing thread failed: ${(error as NodeJS.ErrnoException).code ?? error.name}`)))
  worker.on('exit', () => {
    threads--
    fail(new Error('the sealing thread ended'))
  })
  return {
    seal: block => {
      if (failure !== null) return Promise.reject(failure)
      const answer = Promise.withResolvers<SealedBlock>()
      waiting.push(answer)
      worker.postMessage(block, [block.buffer])
      return answer.promise
    },
    close: async () => {
      await worker.terminate()
    }
  }
}
