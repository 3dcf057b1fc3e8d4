import fc from 'fast-check'
import t from 'tap'
import type { Db } from '../../src/kit/db/index.ts'
import { DomainError } from '../../src/kit/errors.ts'
import { newId } from '../../src/kit/ids.ts'
import { lockAccounts, readAccounts, type TransferDraft } from '../../src/ledger/index.ts'
import { captureDraft, chargeDraft, creditDraft, holdDraft, refundDraft, releaseDraft } from '../../src/wallet/index.ts'
import { account, balances, brokenLedgerRules, open, platform, startLedger } from './ledger-fixture.ts'

const WALLETS = 3

type Op =
  | { readonly do: 'credit' | 'charge' | 'hold'; readonly wallet: number; readonly amount: bigint }
  /** Ends one of the client's own holds, or repeats the end of one. */
  | { readonly do: 'capture' | 'release' | 'refund'; readonly pick: number }

const amount = fc.bigInt({ min: 1n, max: 100n })
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('credit', 'charge', 'hold'), wallet: fc.nat(WALLETS - 1), amount }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('capture', 'release', 'refund'), pick: fc.nat(50) }) }
)

interface Accounts {
  readonly funding: string
  readonly revenue: string
  readonly wallets: readonly { readonly wallet: string; readonly held: string }[]
}

interface Held {
  readonly orderId: string
  readonly wallet: number
  readonly amount: bigint
  ended: 'capture' | 'release' | null
  refunded: boolean
}

async function openAccounts(db: Db): Promise<Accounts> {
  const [funding, revenue] = await open(db, platform('funding'), platform('revenue'))
  const wallets = await Promise.all(Array.from({ length: WALLETS }, () => open(db, account('wallet'), account('wallet_held'))))
  return { funding, revenue, wallets: wallets.map(([wallet, held]) => ({ wallet, held })) }
}

/** What one client does; it knows which of its operations were accepted, and nothing else. */
function createClient(db: Db, accounts: Accounts) {
  const accepted: TransferDraft[] = []
  const holds: Held[] = []

  async function attempt(draft: TransferDraft): Promise<boolean> {
    try {
      await db.tx(async tx => {
        const book = await lockAccounts(
          tx,
          draft.entries.map(entry => entry.accountId)
        )
        book.post(draft)
        await book.write(tx)
      })
    } catch (error) {
      if (error instanceof DomainError && error.code === 'insufficient_funds') return false
      throw error
    }
    accepted.push(draft)
    return true
  }

  function begin(step: Extract<Op, { wallet: number }>): TransferDraft {
    const wallet = accounts.wallets[step.wallet]
    if (wallet === undefined) throw new Error('no such wallet')
    const movement = { orderId: newId(), currency: 'CNY', amount: step.amount }
    if (step.do === 'credit') return creditDraft({ ...movement, subjectId: movement.orderId }, wallet, accounts.funding)
    return step.do === 'charge' ? chargeDraft(movement, wallet, accounts.revenue) : holdDraft(movement, wallet)
  }

  function end(kind: 'capture' | 'release' | 'refund', held: Held): TransferDraft {
    const wallet = accounts.wallets[held.wallet]
    if (wallet === undefined) throw new Error('no such wallet')
    const movement = { orderId: held.orderId, currency: 'CNY', amount: held.amount }
    if (kind === 'capture') return captureDraft(movement, wallet, accounts.revenue)
    return kind === 'release' ? releaseDraft(movement, wallet) : refundDraft(movement, wallet, accounts.revenue)
  }

  return {
    accepted,
    /** True: the money moved. */
    run: async (step: Op): Promise<boolean> => {
      if ('wallet' in step) {
        const draft = begin(step)
        const done = await attempt(draft)
        if (done && step.do === 'hold')
          holds.push({ orderId: draft.subjectId, wallet: step.wallet, amount: step.amount, ended: null, refunded: false })
        return done
      }
      const open = holds.filter(held => (step.do === 'refund' ? held.ended === 'capture' && !held.refunded : held.ended === null))
      const held = open[step.pick % Math.max(open.length, 1)]
      if (held === undefined) return false
      if (step.do === 'refund') held.refunded = true
      else held.ended = step.do
      return await attempt(end(step.do, held))
    }
  }
}

const modelOf = (drafts: readonly TransferDraft[]): Map<string, bigint> => {
  const model = new Map<string, bigint>()
  for (const { accountId, amount } of drafts.flatMap(draft => draft.entries)) model.set(accountId, (model.get(accountId) ?? 0n) + amount)
  return model
}

async function assertModel(db: Db, accounts: Accounts, drafts: readonly TransferDraft[]): Promise<void> {
  const ids = [accounts.funding, accounts.revenue, ...accounts.wallets.flatMap(({ wallet, held }) => [wallet, held])]
  const model = modelOf(drafts)
  const stored = balances(await readAccounts(db, ids))
  for (const id of ids) if (stored[id] !== (model.get(id) ?? 0n)) throw new Error(`account ${id}: ${stored[id]}, the model says ${model.get(id)}`)
  const broken = await brokenLedgerRules(db)
  if (broken.length > 0) throw new Error(`broken: ${broken.join()}`)
}

t.test('one client after the other: exactly what a wallet covers is accepted, and every balance is the model’s', async t => {
  const { db } = await startLedger(t)
  const accounts = await openAccounts(db)
  const client = createClient(db, accounts)
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 1, maxLength: 25 }), async steps => {
      for (const step of steps) {
        const before = modelOf(client.accepted)
        const done = await client.run(step)
        if (!('wallet' in step) || step.do === 'credit') continue
        const covered = (before.get(accounts.wallets[step.wallet]?.wallet ?? '') ?? 0n) >= step.amount
        if (done !== covered) throw new Error(`${step.do} of ${step.amount}: ${done}, covered: ${covered}`)
      }
      await assertModel(db, accounts, client.accepted)
    }),
    { numRuns: 20 }
  )
  t.pass('every sequence agrees with the model')
})

t.test('many clients at once: balances are the sum of what was accepted, and no rule of the ledger is broken', async t => {
  const { db } = await startLedger(t)
  const accounts = await openAccounts(db)
  const all: TransferDraft[] = []
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(op, { minLength: 1, maxLength: 10 }), { minLength: 2, maxLength: 8 }), async scripts => {
      const clients = scripts.map(() => createClient(db, accounts))
      const runs = scripts.map(async (script, n) => {
        for (const step of script) await clients[n]?.run(step)
      })
      await Promise.all(runs)
      all.push(...clients.flatMap(client => client.accepted))
      await assertModel(db, accounts, all)
    }),
    { numRuns: 20 }
  )
  t.pass('every sequence agrees with the model')
})
