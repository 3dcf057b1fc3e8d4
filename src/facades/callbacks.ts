/** Which protocols call their shops, and how. */
import { type CallbackDeps, type CallbackSender, createCallbackSender } from './callback-sender.ts'
import { dujiaoNextCallback } from './dujiao-next/callback.ts'
import { goofishCallback } from './goofish/callback.ts'
import { kasushouCallback } from './kasushou/callback.ts'

const LETTERS: CallbackDeps['letters'] = { 'dujiao-next': dujiaoNextCallback, goofish: goofishCallback, kasushou: kasushouCallback }

export const createFacadeCallbacks = (deps: Omit<CallbackDeps, 'letters'>): CallbackSender => createCallbackSender({ ...deps, letters: LETTERS })
