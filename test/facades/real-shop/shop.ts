/** An unmodified shop, installed by its own installer and run by PHP's own web server. */
import { createHash } from 'node:crypto'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Json } from '../../support/app.ts'
import type { Database } from './database.ts'
import { freePort, type Program, startProgram } from './programs.ts'
import { openSession, type Session } from './session.ts'

const ADMIN = { email: 'admin@example.com', password: 'real-shop-admin' }
const PREFIX = 'acg_'
const WORKERS = 8
/** Pictures to copy from screens, which nobody here can see. */
const CAPTCHAS = ['admin_login_verification', 'registered_verification', 'login_verification', 'trade_verification']
const GATEWAY = { id: 90, name: 'TestGateway', key: 'gateway-key' }
const BALANCE_PAY_ID = 1

export interface Customer extends Session {
  readonly id: number
  readonly balance: () => Promise<string>
}

export interface Shop extends Program {
  readonly base: string
  readonly admin: Session
  /** Registered, with that much money. */
  readonly newCustomer: (balance: string) => Promise<Customer>
  readonly guest: () => Session
  /** What the payment gateway calls when a guest has paid; it calls again until it hears `taken`. */
  readonly notifyPaid: (tradeNo: string) => Promise<string>
  readonly sql: Database['sql']
  readonly payBy: { readonly balance: number; readonly gateway: number }
}

export async function startShop(dir: string, source: string, database: Database): Promise<Shop> {
  const root = join(dir, 'www')
  await cp(source, root, { recursive: true, filter: from => !from.endsWith('/.git') })
  await mkdir(join(root, 'runtime', 'tmp'), { recursive: true })
  const gateway = join(root, 'app', 'Pay', GATEWAY.name)
  for (const part of ['Config', 'Impl']) await cp(join(import.meta.dirname, 'gateway', part), join(gateway, part), { recursive: true })
  const port = await freePort()
  const base = `http://127.0.0.1:${port}`
  const program = await startProgram(
    'php',
    ['-d', 'memory_limit=256M', '-S', `127.0.0.1:${port}`, '-t', root, join(import.meta.dirname, 'gateway', 'router.php')],
    { env: { PHP_CLI_SERVER_WORKERS: String(WORKERS) }, isReady: async () => (await fetch(`${base}/favicon.ico`)).status > 0 }
  )
  await install(base, database)
  const admin = openSession(base)
  await admin.get('/admin/api/authentication/login', { username: ADMIN.email, password: ADMIN.password })
  await admin.text('/admin/dashboard/index?agree=1')
  const { sql } = database
  return {
    ...program,
    base,
    admin,
    sql,
    payBy: { balance: BALANCE_PAY_ID, gateway: GATEWAY.id },
    newCustomer: balance => newCustomer({ base, admin, sql }, balance),
    guest: () => openSession(base),
    notifyPaid: async tradeNo => {
      const [[amount = ''] = []] = await sql(`SELECT amount FROM ${PREFIX}order WHERE trade_no = '${tradeNo}'`)
      const proof = createHash('md5').update(`${tradeNo}${amount}${GATEWAY.key}`).digest('hex')
      return await openSession(base).text(`/user/api/order/callback.${tradeNo}`, { order: tradeNo, amount, state: 'paid', proof })
    }
  }
}

async function install(base: string, { host, name, user, password, sql }: Database): Promise<void> {
  const fields = {
    host,
    database: name,
    username: user,
    password,
    prefix: PREFIX,
    email: ADMIN.email,
    nickname: 'admin',
    login_password: ADMIN.password
  }
  const answer: Json = await openSession(base).post('/install/submit', fields)
  if (answer.code !== 200) throw new Error(`it could not be installed: ${JSON.stringify(answer)}`)
  await sql(`UPDATE ${PREFIX}config SET value = '0' WHERE \`key\` IN (${CAPTCHAS.map(key => `'${key}'`).join(', ')})`)
  await sql(
    `INSERT INTO ${PREFIX}pay_config (id, handle, name, config, create_time) VALUES (${GATEWAY.id}, '${GATEWAY.name}', 'test', '{"key":"${GATEWAY.key}"}', now())`
  )
  await sql(
    `INSERT INTO ${PREFIX}pay (id, name, code, commodity, create_time, handle, pay_config_id) VALUES (${GATEWAY.id}, 'test', 'test', 1, now(), '${GATEWAY.name}', ${GATEWAY.id})`
  )
}

async function newCustomer({ base, admin, sql }: Pick<Shop, 'base' | 'admin' | 'sql'>, balance: string): Promise<Customer> {
  const session = openSession(base)
  const username = `customer${createHash('md5').update(String(Math.random())).digest('hex').slice(0, 10)}`
  const registered = await session.post('/user/api/authentication/register', { username, password: 'customer-password' })
  if (registered.code !== 200) throw new Error(JSON.stringify(registered))
  const [[id = ''] = []] = await sql(`SELECT id FROM ${PREFIX}user WHERE username = '${username}'`)
  const credited = await admin.post('/admin/api/user/recharge', { id, action: 1, amount: balance, log: 'test', total: 0 })
  if (credited.code !== 200) throw new Error(JSON.stringify(credited))
  return { ...session, id: Number(id), balance: async () => (await sql(`SELECT balance FROM ${PREFIX}user WHERE id = ${id}`))[0]?.[0] ?? '' }
}
