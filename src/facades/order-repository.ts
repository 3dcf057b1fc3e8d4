/** SQL of orders by the number that a protocol shows for them. */
import { randomInt } from 'node:crypto'
import { type Queryable, statement } from '../kit/db/index.ts'

export interface FacadeOrder {
  readonly orderId: string
  readonly resellerId: string
  readonly credentialId: string
  readonly requestNo: string
}

const ADD = statement(
  'facade_order_add',
  `
  INSERT INTO facade_order (order_id, reseller_id, credential_id, request_no, number) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT DO NOTHING RETURNING number`
)
const READ = statement('facade_order_read', 'SELECT number FROM facade_order WHERE order_id = $1')
const FIND = statement('facade_order_find', 'SELECT order_id FROM facade_order WHERE number = $1 AND reseller_id = $2')

/** Fifteen digits: exact in every reader of JSON, and too many for two of them to be equal by chance. */
const newNumber = (): number => randomInt(1_000_000, 10_000_000) * 100_000_000 + randomInt(100_000_000)
const NUMBER_ATTEMPTS = 3

/** The number of an order; the same one whenever it is asked for. */
export async function numberOrder(db: Queryable, order: FacadeOrder, attempt = 1): Promise<number> {
  const { orderId, resellerId, credentialId, requestNo } = order
  const [added] = await db.query<{ number: string }>(ADD, [orderId, resellerId, credentialId, requestNo, newNumber()])
  const [known] = added === undefined ? await db.query<{ number: string }>(READ, [orderId]) : [added]
  if (known !== undefined) return Number(known.number)
  if (attempt >= NUMBER_ATTEMPTS) throw new Error('no number is free')
  return await numberOrder(db, order, attempt + 1)
}

/** Null: nobody's, or another reseller's. */
export async function findOrderId(db: Queryable, resellerId: string, number: number): Promise<string | null> {
  const [row] = await db.query<{ order_id: string }>(FIND, [number, resellerId])
  return row?.order_id ?? null
}

const READ_ORDER = statement('facade_order_read_all', 'SELECT reseller_id, request_no, number FROM facade_order WHERE order_id = $1')

export async function readFacadeOrder(db: Queryable, orderId: string): Promise<{ resellerId: string; requestNo: string; number: number } | null> {
  const [row] = await db.query<{ reseller_id: string; request_no: string; number: string }>(READ_ORDER, [orderId])
  return row === undefined ? null : { resellerId: row.reseller_id, requestNo: row.request_no, number: Number(row.number) }
}
