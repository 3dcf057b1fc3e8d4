/** Requests and answers of wallets and top-ups. */
import { type TSchema, Type } from 'typebox'
import { EXAMPLE_UUID, Id, List, Money, Nullable, OneOf, PageOf, PathId, pageQuery, Ref, SignedMoney, Str, Timestamp } from '../http/index.ts'
import { type IdKind, toApiId } from '../kit/ids.ts'
import { WALLET_ACCOUNTS } from './list-wallet-entries.ts'
import { TOP_UP_STATES } from './top-up.ts'

const CLOSED = { additionalProperties: false } as const
const REASON_MAX = 500
const REFERENCE_MAX = 100
const ACTOR_MAX = 300
/** More than there are currencies. */
const ALERTS_MAX = 1_000
/** A reason must be readable: at least one character that is not a blank. */
const READABLE = '^[^\\u0000\\uD800-\\uDFFF]*[^\\s\\u0000\\uD800-\\uDFFF][^\\u0000\\uD800-\\uDFFF]*$'

const Currency = Type.String({ pattern: '^[A-Z]{3}$', minLength: 3, maxLength: 3, examples: ['CNY'] })
const Reason = (description: string, example: string) => Str(REASON_MAX, { min: 1, pattern: READABLE, description, examples: [example] })

const EXAMPLE_TIME = '2026-11-23T08:30:00.000Z'
/** The same at each start: the OpenAPI document is compared with the committed one. */
const exampleId = (kind: IdKind): string => toApiId(kind, EXAMPLE_UUID)
const cny = (amount: string) => ({ amount, currency: 'CNY' })

/** In OpenAPI 3.1 a reference may have a description beside it. */
const Sum = (description: string) => Type.Unsafe<{ amount: string; currency: string }>({ ...SignedMoney, description })

export const WalletSchema = Type.Object(
  {
    currency: Currency,
    balance: Sum('All of the money: what can be spent and what is held. Negative while the credit line is used.'),
    held: Sum('Set aside for orders whose outcome is not known yet.'),
    available: Sum('What orders may cost now: the balance without what is held, with the credit line.'),
    creditLimit: Sum('How far below zero the money that can be spent may go.')
  },
  {
    $id: 'Wallet',
    examples: [{ currency: 'CNY', balance: cny('120.00'), held: cny('20.00'), available: cny('100.00'), creditLimit: cny('0.00') }]
  }
)

export const WalletEntrySchema = Type.Object(
  {
    id: Id('transfer', 'The movement; its other side is an entry with the same id.'),
    type: Str(60, {
      description:
        '`wallet.credit` money came in, `wallet.adjust` an operator took money out, `order.charge` an order was paid, `order.hold` money was set aside for an order, ' +
        '`order.capture` held money paid for what was delivered, `order.release` held money came back, `order.refund` paid money came back. More may be added.',
      examples: ['order.charge']
    }),
    account: OneOf(WALLET_ACCOUNTS, { description: 'The side of the wallet that changed.' }),
    amount: SignedMoney,
    balanceAfter: Sum('This side of the wallet after the movement, without the credit line.'),
    orderId: Type.Optional(Id('order', 'Of movements of an order.')),
    note: Type.Optional(Str(REASON_MAX, { description: "The operator's reason, or the reference of a top-up." })),
    createdAt: Timestamp()
  },
  {
    $id: 'WalletEntry',
    examples: [
      {
        id: exampleId('transfer'),
        type: 'order.charge',
        account: 'available',
        amount: cny('-12.50'),
        balanceAfter: cny('87.50'),
        orderId: exampleId('order'),
        createdAt: EXAMPLE_TIME
      }
    ]
  }
)

export const WalletAdjustmentSchema = Type.Object(
  {
    id: Id('transfer'),
    amount: Money,
    balance: Sum('The balance afterwards.'),
    available: Sum('What orders may cost afterwards.'),
    reason: Str(REASON_MAX),
    reference: Nullable(Str(REFERENCE_MAX)),
    createdAt: Timestamp()
  },
  {
    $id: 'WalletAdjustment',
    examples: [
      {
        id: exampleId('transfer'),
        amount: cny('500.00'),
        balance: cny('620.00'),
        available: cny('600.00'),
        reason: 'Bank transfer',
        reference: 'BANK-20261123-17',
        createdAt: EXAMPLE_TIME
      }
    ]
  }
)

const topUpFields = {
  id: Id('topUp'),
  amount: Money,
  state: OneOf(TOP_UP_STATES, { description: '`pending` until an operator has credited or declined it.' }),
  reference: Nullable(Str(REFERENCE_MAX)),
  reason: Nullable(Str(REASON_MAX, { description: 'Why it was declined.' })),
  transferId: Nullable(Id('transfer', 'The movement that credited it.')),
  createdAt: Timestamp(),
  decidedAt: Nullable(Timestamp())
}

const exampleTopUp = {
  id: exampleId('topUp'),
  amount: cny('500.00'),
  state: 'pending',
  reference: 'BANK-20261123-17',
  reason: null,
  transferId: null,
  createdAt: EXAMPLE_TIME,
  decidedAt: null
}

export const TopUpSchema = Type.Object(topUpFields, { $id: 'TopUp', examples: [exampleTopUp] })

export const OperatorTopUpSchema = Type.Object(
  {
    ...topUpFields,
    resellerId: Id('reseller'),
    decidedBy: Nullable(Str(ACTOR_MAX, { description: 'The key or the person that decided.' }))
  },
  { $id: 'OperatorTopUp', examples: [{ ...exampleTopUp, resellerId: exampleId('reseller'), decidedBy: null }] }
)

export const WalletEntryPage = Type.Object(PageOf(Ref(WalletEntrySchema)).properties, { $id: 'WalletEntryPage' })
export const TopUpPage = Type.Object(PageOf(Ref(TopUpSchema)).properties, { $id: 'TopUpPage' })
export const OperatorTopUpPage = Type.Object(PageOf(Ref(OperatorTopUpSchema)).properties, { $id: 'OperatorTopUpPage' })

const currencyQuery = {
  currency: Type.Optional(
    Type.String({ ...Currency, description: 'Which wallet. Default: the only one there is, otherwise the one in the currency of the account.' })
  )
}

export const WalletQuery = Type.Object(currencyQuery, CLOSED)

export const WalletEntriesQuery = Type.Object(
  {
    ...currencyQuery,
    account: Type.Optional(OneOf(WALLET_ACCOUNTS, { description: 'Which side of the wallet. Default: available.' })),
    ...pageQuery
  },
  CLOSED
)

export const AdjustWalletBody = Type.Object(
  {
    amount: Money,
    reason: Reason('Why; shown to the reseller in the entries of the wallet.', 'Bank transfer'),
    reference: Type.Optional(
      Str(REFERENCE_MAX, {
        min: 1,
        pattern: READABLE,
        description: 'Your number of this payment; unique per reseller.',
        examples: ['BANK-20261123-17']
      })
    )
  },
  { ...CLOSED, examples: [{ amount: cny('500.00'), reason: 'Bank transfer', reference: 'BANK-20261123-17' }] }
)

export const CreditLimitBody = Type.Object({ creditLimit: Money }, { ...CLOSED, examples: [{ creditLimit: cny('1000.00') }] })

export const WalletAlertSchema = Type.Object(
  {
    threshold: Money,
    low: Type.Boolean({ description: 'True: less than the threshold may be spent right now.' })
  },
  { $id: 'WalletAlert', examples: [{ threshold: cny('200.00'), low: false }] }
)

export const WalletAlertList = Type.Object(
  { data: List(Ref(WalletAlertSchema), ALERTS_MAX, { description: 'One for each currency at most.' }) },
  { $id: 'WalletAlertList', examples: [{ data: [{ threshold: cny('200.00'), low: false }] }] }
)

export const AlertBody = Type.Object(
  { threshold: { ...Money, description: 'Of `available`: what orders may cost, with the credit line. More than zero.' } },
  { ...CLOSED, examples: [{ threshold: cny('200.00') }] }
)

export const AlertQuery = Type.Object({ currency: Currency }, CLOSED)

export const RequestTopUpBody = Type.Object(
  {
    amount: Money,
    reference: Type.Optional(
      Str(REFERENCE_MAX, {
        min: 1,
        pattern: READABLE,
        description: 'What the operator will find the payment by, such as a bank reference; unique unless it was declined.',
        examples: ['BANK-20261123-17']
      })
    )
  },
  { ...CLOSED, examples: [{ amount: cny('500.00'), reference: 'BANK-20261123-17' }] }
)

export const DeclineTopUpBody = Type.Object(
  { reason: Reason('Why; shown to the reseller.', 'No such payment arrived') },
  { ...CLOSED, examples: [{ reason: 'No such payment arrived' }] }
)

const stateQuery = { state: Type.Optional(OneOf(TOP_UP_STATES, { description: 'Only those in this state.' })) }

export const TopUpsQuery = Type.Object({ ...stateQuery, ...pageQuery }, CLOSED)

export const resellerParams = Type.Object({ id: PathId('reseller') })
export const topUpParams = Type.Object({ id: PathId('topUp') })

export const walletSchemas: TSchema[] = [
  WalletSchema,
  WalletEntrySchema,
  WalletEntryPage,
  WalletAdjustmentSchema,
  TopUpSchema,
  TopUpPage,
  OperatorTopUpSchema,
  OperatorTopUpPage,
  WalletAlertSchema,
  WalletAlertList
]
