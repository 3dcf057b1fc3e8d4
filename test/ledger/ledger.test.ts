import t from 'tap'
import { sql, statement } from '../../src/kit/db/index.ts'
import { DomainError } from '../../src/kit/errors.ts'
import { newId } from '../../src/kit/ids.ts'
import { BALANCE_MAX, ensureAccounts, findAccounts, listEntries, lockAccounts, readAccounts, setCreditLimit } from '../../src/ledger/index.ts'
import { account, balances, open, platform, post, startLedger, stateOf, transfer } from './ledger-fixture.ts'

const code = async (action: Promise<unknown>): Promise<string> => {
  try {
    await action
    return 'nothing thrown'
  } catch (error) {
    return error instanceof DomainError ? error.code : String(error)
  }
}

t.test('a batch of transfers numbers the entries of each account and leaves the balances that they say', async t => {
  const { db } = await startLedger(t)
  const [bank, shop, wallet] = await open(db, platform('funding'), platform('revenue'), account('wallet'))
  await post(db, transfer(bank, wallet, 100n, { note: 'it\'s a "note", {with} commas\\' }), transfer(wallet, shop, 30n), transfer(wallet, shop, 20n))
  await post(db, transfer(shop, wallet, 5n))
  t.same(balances(await readAccounts(db, [bank, shop, wallet])), { [bank]: -100n, [shop]: 45n, [wallet]: 55n })
  const entries = await listEntries(db, wallet, { limit: 10 })
  t.same(
    entries.map(entry => [entry.accountVersion, entry.amount, entry.balanceAfter, entry.note]),
    [
      [4n, 5n, 55n, null],
      [3n, -20n, 50n, null],
      [2n, -30n, 70n, null],
      [1n, 100n, 100n, 'it\'s a "note", {with} commas\\']
    ]
  )
  t.same(
    (await listEntries(db, wallet, { limit: 2, before: 3n })).map(entry => entry.accountVersion),
    [2n, 1n],
    'a page goes on below a version'
  )
})

t.test('a note in the middle of a batch stays with its own transfer', async t => {
  const { db } = await startLedger(t)
  const [bank, wallet] = await open(db, platform('funding'), account('wallet'))
  await post(db, transfer(bank, wallet, 1n), transfer(bank, wallet, 2n, { note: 'second' }), transfer(bank, wallet, 3n))
  t.same(
    (await listEntries(db, wallet, { limit: 10 })).map(entry => [entry.amount, entry.note]),
    [
      [3n, null],
      [2n, 'second'],
      [1n, null]
    ]
  )
})

t.test('what an account does not cover is refused, and the book goes on as if it had not been asked', async t => {
  const { db } = await startLedger(t)
  const [bank, shop, wallet] = await open(db, platform('funding'), platform('revenue'), account('wallet'))
  await post(db, transfer(bank, wallet, 100n))
  await db.tx(async tx => {
    const book = await lockAccounts(tx, [shop, wallet])
    t.equal(book.covers(wallet, 100n), true)
    t.equal(book.covers(wallet, 101n), false)
    t.equal(book.covers(shop, BALANCE_MAX), true, 'a platform account has no bound')
    t.equal(book.covers(bank, 1n), false, 'an account that is not locked covers nothing')
    book.post(transfer(wallet, shop, 60n))
    t.throws(() => book.post(transfer(wallet, shop, 41n)), { code: 'insufficient_funds' })
    book.post(transfer(wallet, shop, 40n))
    t.equal(book.account(wallet)?.balance, 0n)
    await book.write(tx)
  })
  t.same(balances(await readAccounts(db, [wallet])), { [wallet]: 0n })
})

t.test('a draft that is no transfer is refused before anything is written', async t => {
  const { db } = await startLedger(t)
  const [bank, wallet, dollars] = await open(db, platform('funding'), account('wallet'), account('wallet', { currency: 'USD' }))
  const other = newId()
  await db.tx(async tx => {
    const book = await lockAccounts(tx, [bank, wallet, dollars, other])
    const entries = (...amounts: [string, bigint][]) => ({
      ...transfer(bank, wallet, 1n),
      entries: amounts.map(([accountId, amount]) => ({ accountId, amount }))
    })
    t.throws(() => book.post(entries([bank, -1n], [wallet, 2n])), /not balanced/)
    t.throws(() => book.post(entries()), /not balanced/)
    t.throws(() => book.post(entries([bank, 0n], [wallet, 0n])), /empty/)
    t.throws(() => book.post(entries([bank, -1n], [bank, 1n])), /twice/)
    t.throws(() => book.post(entries([bank, -1n], [other, 1n])), /not locked/)
    t.throws(() => book.post(entries([bank, -1n], [dollars, 1n])), /not in CNY/)
    t.throws(() => book.post(transfer(bank, wallet, BALANCE_MAX + 1n)), /largest balance/)
    await book.write(tx)
  })
  t.same(await listEntries(db, wallet, { limit: 10 }), [])
})

t.test('a transfer of the same name moves money once', async t => {
  const { db } = await startLedger(t)
  const [bank, wallet] = await open(db, platform('funding'), account('wallet'))
  const subjectId = newId()
  await post(db, transfer(bank, wallet, 10n, { subjectId }))
  t.equal(await stateOf(post(db, transfer(bank, wallet, 10n, { subjectId }))), '23505')
  await post(db, transfer(bank, wallet, 1n, { subjectId, step: 1 }))
  t.same(balances(await readAccounts(db, [wallet])), { [wallet]: 11n })
})

t.test('an account that is opened by many at once is opened once', async t => {
  const { db } = await startLedger(t)
  const accounts = [account('wallet'), account('wallet_held'), platform('revenue', 3)]
  const opened = await Promise.all(
    Array.from({ length: 8 }, (_, n) => db.tx(tx => ensureAccounts(tx, n % 2 === 0 ? accounts : [...accounts].reverse())))
  )
  t.equal(new Set(opened.flat().map(each => each.id)).size, 3)
  t.same(
    opened[0]?.map(each => each.kind),
    ['wallet', 'wallet_held', 'revenue'],
    'in the order of the keys'
  )
  t.same(
    (await findAccounts(db, [account('nothing'), ...accounts])).map(each => each?.kind),
    [undefined, 'wallet', 'wallet_held', 'revenue']
  )
})

t.test('transactions that lock the same accounts in different orders do not deadlock', async t => {
  const { db } = await startLedger(t)
  const wallets = await open(db, platform('funding'), account('a'), account('b'), account('c'), account('d'))
  const [bank] = wallets
  await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      const order = n % 2 === 0 ? [...wallets] : [...wallets].reverse()
      await db.tx(async tx => {
        const book = await lockAccounts(tx, order)
        for (const wallet of wallets) if (wallet !== bank) book.post(transfer(bank, wallet, 1n))
        await book.write(tx)
      })
    })
  )
  const [funding] = await readAccounts(db, [bank])
  t.same([funding?.balance, funding?.version], [-160n, 160n])
})

t.test('a credit limit is how far an account may go below zero, and is never set below what is owed', async t => {
  const { db } = await startLedger(t)
  const [shop, wallet] = await open(db, platform('revenue'), account('wallet'))
  t.equal(await code(post(db, transfer(wallet, shop, 1n))), 'insufficient_funds')
  await db.tx(tx => setCreditLimit(tx, wallet, 50n))
  await post(db, transfer(wallet, shop, 50n))
  t.equal(await code(post(db, transfer(wallet, shop, 1n))), 'insufficient_funds')
  t.equal(await code(db.tx(tx => setCreditLimit(tx, wallet, 49n))), 'state_conflict')
  t.equal(await code(db.tx(tx => setCreditLimit(tx, shop, 1n))), 'state_conflict', 'platform accounts have none')
})

t.test('the database refuses what the book would never write', async t => {
  const { db } = await startLedger(t)
  const [bank, wallet, dollars] = await open(db, platform('funding'), account('wallet'), account('wallet', { currency: 'USD' }))
  const old = transfer(bank, wallet, 10n)
  await post(db, old)
  const insertTransfer = statement('t_transfer', `INSERT INTO ledger_transfer (id, kind, subject_id, currency) VALUES ($1, 'test', $1, 'CNY')`)
  const insertEntries = statement(
    't_entries',
    `INSERT INTO ledger_entry SELECT $1, leg, account, amount, version, 0
     FROM unnest($2::smallint[], $3::uuid[], $4::bigint[], $5::bigint[]) AS e (leg, account, amount, version)`
  )
  const write = (id: string, legs: [string, number][], newTransfer = true) =>
    stateOf(
      db.tx(async tx => {
        if (newTransfer) await tx.execute(insertTransfer, [id])
        const values = [legs.map((_, n) => n + 7), legs.map(([to]) => to), legs.map(([, amount]) => amount), legs.map((_, n) => n + 100)]
        if (legs.length > 0) await tx.execute(insertEntries, [id, ...values])
      })
    )
  t.equal(await write(newId(), []), 'LG001', 'a transfer without entries')
  t.equal(
    await write(newId(), [
      [bank, -5],
      [wallet, 4]
    ]),
    'LG001',
    'a transfer that is not balanced'
  )
  t.equal(await write(newId(), [[bank, 5]]), 'LG001', 'a transfer with one entry')
  t.equal(
    await write(newId(), [
      [bank, -5],
      [dollars, 5]
    ]),
    'LG002',
    'an account of another currency'
  )
  t.equal(
    await write(newId(), [
      [bank, -5],
      [newId(), 5]
    ]),
    'LG002',
    'an account that does not exist'
  )
  t.equal(
    await write(
      old.id,
      [
        [bank, -5],
        [wallet, 5]
      ],
      false
    ),
    'LG002',
    'entries that join an older transfer'
  )
  t.equal(
    await write(
      newId(),
      [
        [bank, -5],
        [wallet, 5]
      ],
      false
    ),
    'LG002',
    'entries without a transfer'
  )
  t.equal(
    await write(newId(), [
      [bank, 0],
      [wallet, 0]
    ]),
    '23514',
    'entries of zero'
  )
  t.equal(
    await stateOf(db.tx(tx => tx.orm.execute(sql`UPDATE ledger_account SET balance = -1 WHERE id = ${wallet}`))),
    '23514',
    'an account below its limit'
  )
})

t.test('what is written stays as it was written: the application may not change or delete it', async t => {
  const { db } = await startLedger(t)
  const [bank, wallet] = await open(db, platform('funding'), account('wallet'))
  await post(db, transfer(bank, wallet, 10n))
  const attempts = [
    'UPDATE ledger_transfer SET kind = kind',
    'DELETE FROM ledger_transfer',
    'TRUNCATE ledger_transfer',
    'UPDATE ledger_entry SET amount = amount',
    'DELETE FROM ledger_entry',
    'TRUNCATE ledger_entry',
    'DELETE FROM ledger_account',
    'UPDATE ledger_account SET currency = currency',
    'UPDATE ledger_account SET owner_id = owner_id',
    'UPDATE wallet_adjustment SET reference = reference',
    'DELETE FROM wallet_adjustment',
    'ALTER TABLE ledger_entry DISABLE TRIGGER ALL'
  ]
  const refused = await Promise.all(attempts.map((text, n) => stateOf(db.execute(statement(`t_attempt_${n}`, text)))))
  t.same(
    refused,
    attempts.map(() => '42501')
  )
})
