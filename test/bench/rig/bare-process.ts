/** A Fastify route that answers some bytes, and nothing else, as a process of its own. */
import Fastify from 'fastify'

let body = '{}'
const app = Fastify({ logger: false })
app.get('/*', (_request, reply) => {
  reply.header('content-type', 'application/json; charset=utf-8').send(body)
})
await app.listen({ port: 0, host: '127.0.0.1' })
const address = app.server.address()
process.on('message', (wanted: string) => {
  body = wanted
  process.send?.({ ready: true })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ port: typeof address === 'object' ? address?.port : undefined })
