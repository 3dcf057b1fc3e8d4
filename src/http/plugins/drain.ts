/**
 * Closing loses no request. A client that keeps its connection may be sending on it just now, so the connection is not cut: for a
 * moment everything is still served, each answer says `connection: close`, and only what stays idle is closed after that.
 */
import { setTimeout as delay } from 'node:timers/promises'
import fp from 'fastify-plugin'

/** Longer than a busy client's pause between two requests; each stop takes this much longer. */
const LAST_REQUESTS_MS = 500
const IDLE_SWEEP_MS = 50

declare module 'fastify' {
  interface FastifyInstance {
    /** True once it is closing: nothing new should be sent here. */
    isDraining: () => boolean
  }
}

export const drainPlugin = fp(
  async app => {
    let closing = false
    app.decorate('isDraining', () => closing)
    app.addHook('onSend', (_request, reply, payload, done) => {
      if (closing) reply.header('connection', 'close')
      done(null, payload)
    })
    app.addHook('preClose', async () => {
      closing = true
      if (!app.server.listening) return
      await delay(LAST_REQUESTS_MS)
      // A connection becomes idle whenever its last request is answered; the server itself looks only once.
      const sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_MS)
      app.server.once('close', () => clearInterval(sweep))
    })
  },
  { name: 'drain' }
)
