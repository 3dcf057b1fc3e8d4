/** How a card may move. Each UPDATE repeats it in its WHERE, so that two movers cannot both succeed. */
import type { CardState } from './card.ts'

export const CARD_TRANSITIONS: Readonly<Record<CardState, readonly CardState[]>> = {
  quarantined: ['available', 'void'],
  available: ['quarantined', 'reserved', 'issued', 'revealed', 'void'],
  reserved: ['available', 'issued', 'revealed', 'void'],
  issued: ['revealed', 'returned', 'replaced'],
  revealed: ['returned', 'replaced'],
  returned: ['available', 'void'],
  replaced: [],
  void: []
}

/** What an operator may do with cards that nobody bought. */
export const CARD_ACTIONS = ['quarantine', 'release', 'void'] as const

export type CardAction = (typeof CARD_ACTIONS)[number]

/** Only these: a sold card moves by an after-sales claim. */
const UNSOLD = ['quarantined', 'available'] as const satisfies readonly CardState[]

export type UnsoldState = (typeof UNSOLD)[number]

const TARGETS: Readonly<Record<CardAction, CardState>> = { quarantine: 'quarantined', release: 'available', void: 'void' }

export interface Move {
  readonly from: readonly UnsoldState[]
  readonly to: CardState
}

export function moveOf(action: CardAction): Move {
  const to = TARGETS[action]
  return { to, from: UNSOLD.filter(state => CARD_TRANSITIONS[state].includes(to)) }
}
