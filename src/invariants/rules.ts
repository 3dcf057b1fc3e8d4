/** All that is checked, the money first. A promise of a module that SQL can test has a rule here. */
import type { Rule } from './rule.ts'
import { accountBalanceIsSum } from './rules/account-balance-is-sum.ts'
import { accountHistoryIsComplete } from './rules/account-history-is-complete.ts'
import { accountsAreCovered } from './rules/accounts-are-covered.ts'
import { adjustmentsHaveAnAuthor } from './rules/adjustments-have-an-author.ts'
import { batchCountIsRight } from './rules/batch-count-is-right.ts'
import { cardHasOneFingerprint } from './rules/card-has-one-fingerprint.ts'
import { cardIsOfTheOrderedSku } from './rules/card-is-of-the-ordered-sku.ts'
import { cardStateAgrees } from './rules/card-state-agrees.ts'
import { deliveryIsForItsReseller } from './rules/delivery-is-for-its-reseller.ts'
import { fulfilledIsAnnouncedOnce } from './rules/fulfilled-is-announced-once.ts'
import { guardsAreInPlace } from './rules/guards-are-in-place.ts'
import { historyCannotBeChanged } from './rules/history-cannot-be-changed.ts'
import { ledgerSumsToZero } from './rules/ledger-sums-to-zero.ts'
import { ledgerTransfersBalance } from './rules/ledger-transfers-balance.ts'
import { movementHappensOnce } from './rules/movement-happens-once.ts'
import { nothingIsOrphaned } from './rules/nothing-is-orphaned.ts'
import { orderBalanceWasToldRight } from './rules/order-balance-was-told-right.ts'
import { orderHasItsCards } from './rules/order-has-its-cards.ts'
import { orderMoneyMatchesState } from './rules/order-money-matches-state.ts'
import { orderTotalIsPriceTimesQuantity } from './rules/order-total-is-price-times-quantity.ts'
import { purchaseBroughtItsCards } from './rules/purchase-brought-its-cards.ts'
import { purchaseIsMadeOnce } from './rules/purchase-is-made-once.ts'
import { revealsAreLogged } from './rules/reveals-are-logged.ts'
import { stockCounterIsRight } from './rules/stock-counter-is-right.ts'
import { unclearPurchaseKeepsItsMoney } from './rules/unclear-purchase-keeps-its-money.ts'

export const RULES: readonly Rule[] = [
  ledgerTransfersBalance,
  ledgerSumsToZero,
  accountBalanceIsSum,
  accountHistoryIsComplete,
  accountsAreCovered,
  movementHappensOnce,
  adjustmentsHaveAnAuthor,
  orderMoneyMatchesState,
  orderTotalIsPriceTimesQuantity,
  orderBalanceWasToldRight,
  orderHasItsCards,
  cardIsOfTheOrderedSku,
  cardStateAgrees,
  stockCounterIsRight,
  batchCountIsRight,
  cardHasOneFingerprint,
  revealsAreLogged,
  fulfilledIsAnnouncedOnce,
  purchaseIsMadeOnce,
  purchaseBroughtItsCards,
  unclearPurchaseKeepsItsMoney,
  deliveryIsForItsReseller,
  nothingIsOrphaned,
  guardsAreInPlace,
  historyCannotBeChanged
]

const BY_NAME = new Map(RULES.map(rule => [rule.name, rule]))

/** Does it stop the intake of orders when this rule is broken? A name that is not known is of a newer release, and does. */
export const stopsIntake = (name: string): boolean => BY_NAME.get(name)?.kind !== 'record'

/** About an order and all that belongs to it: money, cards, purchases. They hold for any set of whole orders. */
export const RULES_OF_ORDERS: readonly Rule[] = [
  movementHappensOnce,
  orderMoneyMatchesState,
  orderTotalIsPriceTimesQuantity,
  orderHasItsCards,
  cardIsOfTheOrderedSku,
  purchaseIsMadeOnce,
  unclearPurchaseKeepsItsMoney
]
/** Those of them that no constraint holds, for orders whose money has just moved; the others can wait for the walk. */
export const RULES_OF_MOVED_ORDERS: readonly Rule[] = [orderMoneyMatchesState, orderHasItsCards, cardIsOfTheOrderedSku]
export const RULES_OF_CARDS: readonly Rule[] = [cardIsOfTheOrderedSku, cardStateAgrees]
export const RULES_OF_SKUS: readonly Rule[] = [stockCounterIsRight]
/** At once whatever the size of the database. */
export const RULES_OF_BALANCES: readonly Rule[] = [ledgerSumsToZero, accountsAreCovered, guardsAreInPlace, historyCannotBeChanged]
/** Only to be told from everything: as often as they are cheap. */
export const RULES_OF_ALL: readonly Rule[] = [adjustmentsHaveAnAuthor, batchCountIsRight, cardHasOneFingerprint, purchaseBroughtItsCards]
