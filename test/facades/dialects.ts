/** How clients of each protocol sign what they ask. */
import { createHash } from 'node:crypto'
import { sign as signDujiao } from '../../src/facades/dujiao-next/sign.ts'
import { sign as signGoofish } from '../../src/facades/goofish/sign.ts'
import type { Protocol } from '../../src/facades/protocol.ts'
import type { Json } from '../support/app.ts'
import { type AcgCredential, toForm } from './acg-shop.ts'

export const PARTNER = { appId: '1783283558647493', appSecret: 'app-secret-AAAA' }

export interface Sent {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Dialect {
  /** Below which everything is the protocol's. */
  readonly root: string
  readonly paths: readonly string[]
  readonly isEnvelope: (body: Json) => boolean
  /** `fields` are JSON, each. */
  readonly sign: (credential: AcgCredential, path: string, fields: Readonly<Record<string, string>>) => Sent
}

export const toJson = (fields: Readonly<Record<string, string>>): string =>
  `{${Object.entries(fields)
    .map(([name, value]) => `"${name}":${value}`)
    .join(',')}}`

const now = (): string => String(Math.floor(Date.now() / 1_000))
export const JSON_TYPE = { 'content-type': 'application/json' }

export const DIALECTS: Readonly<Record<Protocol, Dialect>> = {
  'acg-faka': {
    root: '/facades/acg-faka',
    paths: ['/shared/commodity/trade', '/shared/commodity/items', '/shared/commodity/query'],
    isEnvelope: body => (body.code === 0 && typeof body.msg === 'string') || body.code === 200,
    sign: (credential, path, fields) => ({
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: toForm(credential, fields)
    })
  },
  'dujiao-next': {
    root: '/facades/dujiao-next',
    paths: ['/api/v1/upstream/orders', '/api/v1/upstream/ping', '/api/v1/upstream/orders/1/cancel'],
    isEnvelope: body => body.ok === true || (body.ok === false && typeof body.error_code === 'string' && typeof body.error_message === 'string'),
    sign: ({ login, secret }, path, fields) => {
      const body = toJson(fields)
      const time = now()
      const signature = signDujiao({ method: 'POST', path, time, body }, secret)
      return {
        path,
        headers: { ...JSON_TYPE, 'dujiao-next-api-key': login, 'dujiao-next-timestamp': time, 'dujiao-next-signature': signature },
        body
      }
    }
  },
  goofish: {
    root: '/facades/goofish',
    paths: [
      '/goofish/order/purchase/create',
      '/goofish/order/recharge/create',
      '/goofish/goods/list',
      '/goofish/goods/change/subscribe',
      '/goofish/order/detail'
    ],
    isEnvelope: body => typeof body.code === 'number' && typeof body.msg === 'string',
    sign: ({ login, secret }, path, fields) => {
      const body = toJson(fields)
      const time = now()
      const signature = signGoofish({ body, time, mchId: login }, { secret, partner: PARTNER })
      return { path: `${path}?mch_id=${login}&timestamp=${time}&sign=${signature}`, headers: JSON_TYPE, body }
    }
  },
  kasushou: {
    root: '/facades/kasushou',
    paths: ['/api/v1/order/buy', '/api/v1/order/info', '/api/v1/goods/list'],
    isEnvelope: body => typeof body.code === 'number' && typeof body.msg === 'string',
    sign: ({ login, secret }, path, fields) => {
      const body = toJson(fields)
      const time = String(Date.now())
      const signature = createHash('sha1').update(`${time}${body}${secret}`).digest('hex')
      return { path, headers: { ...JSON_TYPE, userid: login, timestamp: time, sign: signature }, body }
    }
  }
}
