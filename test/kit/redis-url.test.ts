import t from 'tap'
import { readConfig } from '../../src/config.ts'
import { readRedisUrl } from '../../src/kit/redis-url.ts'

t.test('one server, Sentinels and a cluster are told apart by the scheme', async t => {
  t.same(readRedisUrl('rediss://:secret@redis.test:6380/2'), { kind: 'single', url: 'rediss://:secret@redis.test:6380/2' })
  t.same(readRedisUrl('redis+sentinel://app:p%40ss@a.test,[::1]:26380/shop-1?sentinelPassword=w%3Aord'), {
    kind: 'sentinel',
    nodes: [
      { host: 'a.test', port: 26_379 },
      { host: '::1', port: 26_380 }
    ],
    primary: 'shop-1',
    login: { username: 'app', password: 'p@ss', sentinelPassword: 'w:ord' },
    tls: false
  })
  t.same(readRedisUrl('rediss+cluster://:secret@10.0.0.1:7000,10.0.0.2:7000'), {
    kind: 'cluster',
    nodes: [
      { host: '10.0.0.1', port: 7_000 },
      { host: '10.0.0.2', port: 7_000 }
    ],
    login: { password: 'secret' },
    tls: true
  })
})

t.test('what cannot be meant is refused at the start, and its password is not shown', async t => {
  const secrets = { KAHUB_ADMIN_KEY: 'x'.repeat(32), KAHUB_MASTER_KEY: Buffer.alloc(32, 1).toString('base64') }
  for (const url of [
    'redis+sentinel://:hidden@a:26379,b:26379',
    'redis+cluster://:hidden@a:6379/0',
    'redis+cluster://:hidden@a:6379,b:no-port',
    'redis+sentinel://:hidden@/mymaster',
    'redis+proxy://:hidden@a:6379'
  ]) {
    const config = { ...secrets, DATABASE_URL: 'postgres://db.test/kahub', REDIS_URL: url }
    let message = ''
    try {
      readConfig(config)
    } catch (error) {
      message = String(error)
    }
    t.match(message, /REDIS_URL/, url)
    t.notMatch(message, /hidden/)
  }
})
