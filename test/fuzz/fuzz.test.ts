import t from 'tap'
import { startTestApp } from '../support/app.ts'
import { createFuzzer } from './fuzz.ts'

const REQUESTS_MIN = 150

t.test('whatever is sent, in whatever order, is answered as the document says, and never with a server error', async t => {
  const logLines: string[] = []
  const fuzzer = await createFuzzer(await startTestApp(t, { worker: true, logLines }), logLines)
  t.teardown(fuzzer.close)
  t.same(await fuzzer.play({ seed: 20_261_124, sessions: 1, steps: 150 }), null)
  t.ok(fuzzer.tally.requests > REQUESTS_MIN, `${fuzzer.tally.requests} requests`)
})
