/** All links of a run, in a process of their own: nobody's work delays them. */
import { onOrder, report } from './child.ts'
import { type Link, openLink } from './fault-proxy.ts'
import { LINKS, type LinkName, type ProxyOrder, type ProxyReport } from './messages.ts'

const links = new Map<LinkName, Link>()
for (const name of LINKS) links.set(name, await openLink(null))

onOrder<ProxyOrder>(order => {
  const link = links.get(order.link)
  if (order.do === 'fault') link?.setFault(order.fault)
  else link?.setTarget(order.port === null ? null : { host: '127.0.0.1', port: order.port })
})
const ports = Object.fromEntries([...links].map(([name, { port }]) => [name, port])) as Record<LinkName, number>
report<ProxyReport>({ ports })
