import { spawnSync } from 'node:child_process'
import t from 'tap'
import { readConfig } from '../../src/config.ts'

const run = (code: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', `import { armFailpoint, failpoint } from './src/kit/failpoint.ts'\n${code}`], {
    encoding: 'utf8'
  })

t.test('an armed failpoint ends the process as kill -9 does, at the hit that was asked for, and says so', async t => {
  const pass = "failpoint('order.committed'); failpoint('order.locked'); process.stdout.write('once ')\n"
  const { signal, stdout, stderr } = run(`armFailpoint({ name: 'order.committed', hit: 2 })\n${pass}${pass}`)
  t.equal(signal, 'SIGKILL')
  t.equal(stdout, 'once ')
  t.equal(stderr, 'kahub stops at the failpoint order.committed\n')
})

t.test('without an armed one nothing happens', async t => {
  t.same(run("failpoint('order.committed'); process.stdout.write('alive')").stdout, 'alive')
})

t.test('a failpoint is refused in production, and so is one that does not exist', async t => {
  t.same(readConfig({ KAHUB_FAILPOINT: 'push.acted:3' }).failpoint, { name: 'push.acted', hit: 3 })
  t.same(readConfig({ KAHUB_FAILPOINT: 'push.acted' }).failpoint, { name: 'push.acted', hit: 1 })
  t.equal(readConfig({ NODE_ENV: 'production' }).failpoint, null)
  t.throws(() => readConfig({ KAHUB_FAILPOINT: 'push.acted', NODE_ENV: 'production' }), /on purpose/)
  for (const text of ['push', 'push.acted:0', 'push.acted:x', ':1']) {
    t.throws(() => readConfig({ KAHUB_FAILPOINT: text }), /must be name or name:hit/, text)
  }
})
