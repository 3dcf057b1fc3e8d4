import { md5Hex } from '../wire/digest.ts'

export const VERSION = '3.0'

export interface Signer {
  readonly appId: string
  readonly appSecret: string
}

export const signBody = ({ appId, appSecret }: Signer, time: string, body: string): string => md5Hex(`${appId}${appSecret}${VERSION}${time}${body}`)
