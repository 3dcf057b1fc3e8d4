/**
 * Leases by way of Sentinel and of a cluster. Not part of `npm test`, because it needs a program that npm does not bring:
 * apt-get install redis-server, then `npm run test:redis`.
 */
import { strict as assert } from 'node:assert'
import { createLeases } from '../../src/kit/lock.ts'
import { createRedis } from '../../src/kit/redis.ts'
import { eventually } from '../support/eventually.ts'
import { openServers, PASSWORD } from './servers.ts'

const NAME = 'shop'
/** Leases go to different slots, and so to all nodes. */
const SKUS = Array.from({ length: 30 }, (_, n) => `sku-${n}`)
const SLOTS = 16_384

function openProcess(url: string) {
  const onError = (): void => undefined
  return createLeases(createRedis({ url, onError }), createRedis({ url, onError, subscriber: true }))
}

/** Two processes take leases from each other, and hear of it. */
async function passLeases(url: string, what: string): Promise<void> {
  const [one, two] = [openProcess(url), openProcess(url)]
  try {
    const freed = new Set<string>()
    const wanted = new Set<string>()
    two.onFreed(name => void freed.add(name))
    one.onWanted(name => void wanted.add(name))
    for (const sku of SKUS) {
      await eventually(`${what}: ${sku} is granted`, async () => (await one.take(sku)) === 'granted')
      assert.equal(await one.take(sku), 'granted', 'again to whom it belongs')
      assert.equal(await two.take(sku), 'taken')
    }
    await eventually(`${what}: the one who has them is asked for them`, () => {
      for (const sku of SKUS) two.want(sku)
      return wanted.size === SKUS.length
    })
    for (const sku of SKUS) await one.giveBack(sku)
    await eventually(`${what}: the other one hears of it`, () => freed.size === SKUS.length)
    for (const sku of SKUS) assert.equal(await two.take(sku), 'granted')
    console.log(`${what}: ${SKUS.length} leases were taken, asked for, given back and taken by the other process`)
  } finally {
    await Promise.all([one.close(), two.close()])
  }
}

async function sentinels(servers: ReturnType<typeof openServers>): Promise<void> {
  const primary = await servers.plain()
  const replica = await servers.plain(primary.port)
  await eventually('the replica follows', async () => /master_link_status:up/.test(await replica.client.info('replication')))
  const sentinel = await servers.sentinel(NAME, primary.port)
  const url = `redis+sentinel://:${PASSWORD}@127.0.0.1:${sentinel.port}/${NAME}`
  await passLeases(url, 'Sentinel')
  await eventually('the Sentinel knows the replica', async () => /slaves=1/.test(await sentinel.client.info('sentinel')))
  const process = openProcess(url)
  try {
    await eventually('a lease before the failover', async () => (await process.take('kept')) === 'granted')
    await primary.kill()
    const asked = performance.now()
    assert.notEqual(await process.take('meanwhile'), 'taken')
    assert.ok(performance.now() - asked < 2_000, 'nobody waits for a primary that is gone')
    await eventually('a lease after the failover', async () => (await process.take('after')) === 'granted', 60_000)
    assert.match(await replica.client.info('replication'), /role:master/)
    console.log(`Sentinel: after kill -9 of the primary leases are granted by the new one, ${Math.round(performance.now() - asked)} ms later`)
  } finally {
    await process.close()
  }
}

async function cluster(servers: ReturnType<typeof openServers>): Promise<void> {
  const nodes = [await servers.clusterNode(), await servers.clusterNode(), await servers.clusterNode()]
  const share = Math.ceil(SLOTS / nodes.length)
  for (const [index, { client }] of nodes.entries()) {
    await client.cluster('ADDSLOTSRANGE', index * share, Math.min(SLOTS, (index + 1) * share) - 1)
    for (const { port } of nodes) await client.cluster('MEET', '127.0.0.1', port)
  }
  for (const { client } of nodes)
    await eventually('all nodes agree', async () => /cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(String(await client.cluster('INFO'))))
  await passLeases(`redis+cluster://:${PASSWORD}@127.0.0.1:${nodes[0]?.port},127.0.0.1:${nodes[1]?.port}`, 'Cluster')
  const keys = await Promise.all(nodes.map(({ client }) => client.dbsize()))
  assert.ok(
    keys.every(count => count > 0),
    'every node holds some of them'
  )
}

const servers = openServers()
try {
  await sentinels(servers)
  await cluster(servers)
} finally {
  await servers.stop()
}
