import Fastify from 'fastify'
import t from 'tap'
import { answersPlugin } from '../../src/http/index.ts'

t.test('an answer that cannot be written costs its own connection, and not those of the others', async t => {
  const lines: string[] = []
  const app = Fastify({ logger: { level: 'error', stream: { write: (line: string) => void lines.push(line) } } })
  t.teardown(() => app.close())
  await app.register(answersPlugin)
  app.get('/bad', async (_request, reply) => reply.header('x-bad', 'a\u0000b').send({ ok: false }))
  app.get('/good', async () => ({ ok: true }))
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const good = Array.from({ length: 100 }, async () => (await fetch(`${origin}/good`)).json())
  const bad = fetch(`${origin}/bad`).then(
    ({ status }) => status,
    () => 'cut'
  )
  t.same(await Promise.all(good), Array(100).fill({ ok: true }))
  t.equal(await bad, 'cut')
  t.match(lines.join(''), /an answer could not be written/)
  t.same(await (await fetch(`${origin}/good`)).json(), { ok: true })
})
