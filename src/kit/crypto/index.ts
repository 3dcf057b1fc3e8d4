export { seal, Unsealable, unseal } from './aead.ts'
export { createDataKey, type DataKey, ensureSingleDataKey, readDataKeys, verifyMasterKeys } from './data-keys.ts'
export { KEYED_HASH_BYTES, keyedHash } from './keyed-hash.ts'
export { createMasterKeyring, type MasterKey, type MasterKeyring } from './master-keyring.ts'
