export { PLATFORM_SHARDS, type PlatformKind, type WalletAccounts } from './accounts.ts'
export { creditWallet } from './credit-wallet.ts'
export { createWalletDirectory, type WalletDirectory, type WalletOf } from './directory.ts'
export { readWallet } from './read-wallet.ts'
export { type WalletDeps, walletRoutes } from './routes.ts'
export { walletSchemas } from './schemas.ts'
export {
  captureDraft,
  chargeDraft,
  creditDraft,
  debitDraft,
  type FundingMovement,
  holdDraft,
  type OrderMovement,
  refundDraft,
  releaseDraft
} from './templates.ts'
