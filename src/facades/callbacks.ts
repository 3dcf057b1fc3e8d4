/** Which protocols call their shops, and how. */
import { type CallbackDeps, type CallbackSender, createCallbackSender } from './callback-sender.ts'
import { dujiaoNextCallback } from './dujiao-next/callback.ts'
import { goofishCallback } from './goofish/callback.ts'
import { createNewsTeller } from './goofish/tell-changes.ts'
import { kasushouCallback } from './kasushou/callback.ts'

const LETTERS: CallbackDeps['letters'] = { 'dujiao-next': dujiaoNextCallback, goofish: goofishCallback, kasushou: kasushouCallback }

/** Orders that have ended, and goods that changed. */
export interface FacadeCallers {
  readonly orders: CallbackSender
  readonly goods: CallbackSender
}

export const createFacadeCallers = (deps: Omit<CallbackDeps, 'letters'>): FacadeCallers => ({
  orders: createCallbackSender({ ...deps, letters: LETTERS }),
  goods: createNewsTeller(deps)
})
