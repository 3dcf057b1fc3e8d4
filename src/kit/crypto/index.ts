export { seal, Unsealable, unseal } from './aead.ts'
export { createDataKey, ensureSingleDataKey, readDataKeys, verifyMasterKeys } from './data-keys.ts'
export { keyedHash } from './keyed-hash.ts'
export { createMasterKeyring, type MasterKey } from './master-keyring.ts'
