/** HMAC-SHA256 cut to 16 bytes: equal texts are recognised, and without the key nothing can be tried against it. */
import { createHmac, type KeyObject } from 'node:crypto'

/** 2^64 texts until two collide by chance. */
const KEYED_HASH_BYTES = 16

export const keyedHash = (key: KeyObject, text: string): Buffer => createHmac('sha256', key).update(text).digest().subarray(0, KEYED_HASH_BYTES)
