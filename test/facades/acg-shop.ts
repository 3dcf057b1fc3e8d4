/** A shop of acg-faka as it calls its upstream: forms of its own making, an answer that is always HTTP 200 and JSON. */
import { randomInt } from 'node:crypto'
import { signFields } from '../../src/suppliers/adapters/acg-faka/sign.ts'
import type { Call, Json } from '../support/app.ts'
import { expectStatus } from '../support/shop.ts'

export type Fields = Readonly<Record<string, string>>

export interface AcgCredential {
  readonly id: string
  readonly login: string
  readonly secret: string
}

export interface RawAnswer {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** Sends one form to a path below `/shared`. */
export type SendForm = (path: string, body: string) => Promise<RawAnswer>

export const issue = async (admin: Call, resellerId: string, body: object = {}): Promise<AcgCredential> =>
  await expectStatus(
    201,
    admin('POST', `/v1/admin/resellers/${resellerId}/facade-credentials`, { body: { protocol: 'acg-faka', name: 'shop', ...body } })
  )

/** 18 digits, as the shops make them. */
export const requestNo = (): string => `${randomInt(100, 1000)}261123120000${randomInt(100, 1000)}`

export const toForm = ({ login, secret }: Pick<AcgCredential, 'login' | 'secret'>, fields: Fields): string => {
  // In the order of the real ones.
  const all = { ...fields, app_id: login, app_key: secret }
  return new URLSearchParams({ ...all, sign: signFields(all, secret) }).toString()
}

export interface AcgShop {
  /** The envelope, whatever it says. */
  readonly ask: (path: string, fields?: Fields) => Promise<Json>
  /** `data` of a success. */
  readonly get: (path: string, fields?: Fields) => Promise<Json>
  /** `msg` of a refusal. */
  readonly refused: (path: string, fields?: Fields) => Promise<string>
  readonly trade: (fields: Fields) => Promise<Json>
}

export function openShop(send: SendForm, credential: Pick<AcgCredential, 'login' | 'secret'>): AcgShop {
  const ask: AcgShop['ask'] = async (path, fields = {}) => envelopeOf(await send(path, toForm(credential, fields)))
  return {
    ask,
    get: async (path, fields) => {
      const answer = await ask(path, fields)
      if (answer.code !== 200) throw new Error(`${path}: ${JSON.stringify(answer)}`)
      return answer.data
    },
    refused: async (path, fields) => {
      const answer = await ask(path, fields)
      if (answer.code !== 0 || 'data' in answer) throw new Error(`${path} was not refused: ${JSON.stringify(answer)}`)
      return answer.msg
    },
    trade: fields =>
      ask('commodity/trade', {
        ...pick(fields, ['shared_code']),
        contact: 'a1b2c3d4e5f60718',
        num: '1',
        card_id: '0',
        device: '0',
        password: '',
        race: '',
        request_no: requestNo(),
        ...fields
      })
  }
}

const pick = (fields: Fields, names: readonly string[]): Fields => Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)))

export function envelopeOf({ status, type, text }: RawAnswer): Json {
  if (status !== 200 || !type.startsWith('application/json')) throw new Error(`HTTP ${status} ${type}: ${text.slice(0, 200)}`)
  const body = JSON.parse(text)
  if (body.code !== 200 && body.code !== 0) throw new Error(`code ${body.code}`)
  return body
}
