/** Money: every account is played again from its entries, and compared with what customers saw and when. */
import type { Call } from '../load/history.ts'
import type { AccountFact, EntryFact, Facts } from './facts.ts'
import { createFindings, type Finding } from './finding.ts'
import { bare, type Evidence, isAcknowledged } from './orders.ts'

/** A bank of one thread: balances follow from entries in the order of their versions; every transfer sums to zero. */
export function checkBank({ facts }: Evidence): Finding[] {
  const found = createFindings()
  const sums = new Map<string, bigint>()
  const accounts = new Map(facts.accounts.map(account => [account.id, account]))
  const last = new Map<string, EntryFact>()
  for (const entry of facts.entries) {
    const before = last.get(entry.accountId)
    if (entry.version !== (before?.version ?? 0n) + 1n) found.add('account versions have no gap', `${entry.accountId} at ${entry.version}`)
    if (entry.balanceAfter !== (before?.balanceAfter ?? 0n) + entry.amount)
      found.add('balances follow from entries', `${entry.accountId} at ${entry.version}`)
    if (accounts.get(entry.accountId)?.isCovered === true && entry.balanceAfter < 0n) found.add('no wallet was ever below zero', entry.accountId)
    last.set(entry.accountId, entry)
    sums.set(entry.transferId, (sums.get(entry.transferId) ?? 0n) + entry.amount)
  }
  for (const [id, sum] of sums) if (sum !== 0n) found.add('transfers sum to zero', `${id}: ${sum}`)
  for (const { id, balance, version } of facts.accounts) {
    const { balanceAfter = 0n, version: newest = 0n } = last.get(id) ?? {}
    if (balance !== balanceAfter || version !== newest) found.add('stored balances are the last ones', id)
  }
  return found.list
}

/** A credit that was acknowledged happened once, and none happened that nobody asked for. */
export function checkCredits({ history, facts }: Evidence): Finding[] {
  const found = createFindings()
  const transfers = new Set(facts.transfers.filter(({ kind }) => kind === 'wallet.credit').map(({ id }) => id))
  const credits = Map.groupBy(
    history.filter(call => call.op === 'credit'),
    call => call.key
  )
  let acknowledged = 0
  let asked = 0
  for (const [key, calls] of credits) {
    const isCertain = calls.some(isAcknowledged)
    if (isCertain) acknowledged++
    if (isCertain || calls.some(({ status }) => status === null || status >= 500)) asked++
    if (isCertain && !transfers.has(facts.credits.get(key ?? '') ?? '')) found.add('acknowledged credits exist', `key ${key}`)
  }
  // Those that set the shop up stand in no history.
  const beforehand = [...facts.credits].filter(([key]) => key.startsWith('setup-')).length
  const happened = transfers.size - beforehand
  if (happened < acknowledged || happened > asked)
    found.add('a credit happens once', `${acknowledged} acknowledged, ${asked} possible, ${happened} in the ledger`)
  return found.list
}

/** One movement of a wallet, as its customer saw it: it began after `from`, and was over at `to`. */
interface Movement {
  readonly from: number
  readonly to: number
  readonly version: bigint
  readonly what: string
}

/** What returned before something else began has the lower version: the ledger's order is the real one. */
export function checkRealTimeOrder(evidence: Evidence): Finding[] {
  const found = createFindings()
  for (const [owner] of evidence.shop.resellers.entries()) {
    const movements = movementsOf(evidence, owner)
    const byEnd = movements.toSorted((a, b) => a.to - b.to)
    let next = 0
    let newest: Movement | null = null
    for (const movement of movements.toSorted((a, b) => a.from - b.from)) {
      for (; (byEnd[next]?.to ?? Number.POSITIVE_INFINITY) < movement.from; next++)
        if ((newest?.version ?? 0n) < byEnd[next]!.version) newest = byEnd[next]!
      if (newest !== null && newest.version > movement.version)
        found.add('the ledger keeps the real order', `${newest.what} was over before ${movement.what} began, and comes after it`)
    }
  }
  return found.list
}

const walletOf = ({ facts, shop }: Evidence, owner: number): AccountFact | undefined =>
  facts.accounts.find(account => account.kind === 'wallet' && account.ownerId === bare(shop.resellers[owner]?.id ?? '_'))

function movementsOf(evidence: Evidence, owner: number): Movement[] {
  const { history, facts } = evidence
  const wallet = walletOf(evidence, owner)
  if (wallet === undefined) return []
  const subjects = subjectVersions(facts, wallet.id)
  const calls = Map.groupBy(
    history.filter(call => call.owner === owner && (call.op === 'order' || call.op === 'batch' || call.op === 'probe')),
    call => call.key
  )
  return [...calls].flatMap(([key, attempts]) => {
    const from = Math.min(...attempts.map(call => call.invokedAt))
    return attempts
      .filter(call => isAcknowledged(call) && call.returnedAt !== null)
      .flatMap(call => (call.orders ?? []).flatMap(order => (order === null ? [] : [{ call, id: bare(order.id) }])))
      .flatMap(({ call, id }) => {
        const version = subjects.get(id)
        return version === undefined ? [] : [{ from, to: call.returnedAt ?? 0, version, what: `order ${id} (${key})` }]
      })
  })
}

/** The version that paying or holding for an order gave the wallet. */
function subjectVersions({ transfers, entries }: Facts, walletId: string): Map<string, bigint> {
  const payments = new Map(
    transfers.filter(({ kind }) => kind === 'order.charge' || kind === 'order.hold').map(({ id, subjectId }) => [id, subjectId])
  )
  return new Map(
    entries.flatMap(({ accountId, transferId, version }) => {
      const subject = accountId === walletId ? payments.get(transferId) : undefined
      return subject === undefined ? [] : [[subject, version] as const]
    })
  )
}

/** What a customer read was the wallet's balance at some moment between the question and the answer. */
export function checkWalletReads(evidence: Evidence): Finding[] {
  const found = createFindings()
  for (const [owner] of evidence.shop.resellers.entries()) {
    const wallet = walletOf(evidence, owner)
    const movements = movementsOf(evidence, owner)
    const balances = evidence.facts.entries.filter(entry => entry.accountId === wallet?.id).map(entry => entry.balanceAfter)
    for (const read of evidence.history) {
      if (read.op !== 'wallet' || read.owner !== owner || read.wallet === undefined) continue
      if (!wasTrue(read, movements, balances))
        found.add('reads of a wallet are true', `reseller ${owner} read ${read.wallet.available} at ${read.invokedAt}`)
    }
  }
  return found.list
}

function wasTrue({ invokedAt, returnedAt, wallet }: Call, movements: readonly Movement[], balances: readonly bigint[]): boolean {
  let lowest = 1n
  let highest = BigInt(balances.length)
  for (const { from, to, version } of movements) {
    if (to < invokedAt && version > lowest) lowest = version
    if (from > (returnedAt ?? 0) && version - 1n < highest) highest = version - 1n
  }
  const available = BigInt(wallet?.available ?? '0')
  return balances.slice(Number(lowest) - 1, Number(highest)).some(balance => balance === available)
}
