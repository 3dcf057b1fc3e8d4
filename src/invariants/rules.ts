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
import { fulfilledIsAnnouncedOnce } from './rules/fulfilled-is-announced-once.ts'
import { ledgerSumsToZero } from './rules/ledger-sums-to-zero.ts'
import { ledgerTransfersBalance } from './rules/ledger-transfers-balance.ts'
import { movementHappensOnce } from './rules/movement-happens-once.ts'
import { nothingIsOrphaned } from './rules/nothing-is-orphaned.ts'
import { orderBalanceWasToldRight } from './rules/order-balance-was-told-right.ts'
import { orderHasItsCards } from './rules/order-has-its-cards.ts'
import { orderMoneyMatchesState } from './rules/order-money-matches-state.ts'
import { orderTotalIsPriceTimesQuantity } from './rules/order-total-is-price-times-quantity.ts'
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
  unclearPurchaseKeepsItsMoney,
  nothingIsOrphaned
]
