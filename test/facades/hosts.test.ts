import t from 'tap'
import { createHostPaths } from '../../src/facades/index.ts'

t.test('a host of a protocol is its path; other hosts and full paths are left alone', async t => {
  const path = createHostPaths(new Map([['acg.example.com', 'acg-faka']]))
  const at = (host: string | undefined, url: string): string => path({ url, headers: host === undefined ? {} : { host } }, url)
  t.equal(at('acg.example.com', '/shared/commodity/items'), '/facades/acg-faka/shared/commodity/items')
  t.equal(at('ACG.example.com:8443', '/shared/x?a=1'), '/facades/acg-faka/shared/x?a=1')
  t.equal(at('acg.example.com', '/facades/acg-faka/shared/x'), '/facades/acg-faka/shared/x')
  t.equal(at('acg.example.com', '/v1/orders'), '/facades/acg-faka/v1/orders', 'nothing else is served there')
  t.equal(at('hub.example.com', '/v1/orders'), '/v1/orders')
  t.equal(at(undefined, '/v1/orders'), '/v1/orders')
  t.throws(() => createHostPaths(new Map([['x.example.com', 'unknown']])), /KAHUB_FACADE_HOSTS: "unknown"/)
})
