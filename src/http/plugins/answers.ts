/**
 * Answers that become ready in one turn of the event loop are written after it, one behind the other. Each write may have to wake
 * the process on the other end, a client or a proxy, and waking costs more than all the rest of a write: in a row, only the
 * first one finds it asleep.
 */
import fp from 'fastify-plugin'

/** What else is ready, such as a reply of PostgreSQL, waits for no more than these. */
const ANSWERS_PER_TURN = 64

export const answersPlugin = fp(
  async app => {
    const ready: (() => void)[] = []
    const write = (): void => {
      for (const answer of ready.splice(0, ANSWERS_PER_TURN)) answer()
      if (ready.length > 0) setImmediate(write)
    }
    app.addHook('onSend', (request, reply, payload, done) => {
      const answer = (): void => {
        try {
          done(null, payload)
        } catch (error) {
          // Nobody above would hear of it, and the answers behind this one are others'. Its client repeats the request.
          request.log.error({ err: error }, 'an answer could not be written')
          reply.raw.destroy()
        }
      }
      if (ready.push(answer) === 1) setImmediate(write)
    })
  },
  { name: 'answers' }
)
