import type { Db } from '../../kit/db/index.ts'
import { newId } from '../../kit/ids.ts'
import type { SigningSecrets } from '../../kit/signing-secrets.ts'
import { ENDPOINTS_MAX, type Endpoint } from './endpoint.ts'
import { countEndpoints, insertEndpoint } from './endpoint-repository.ts'
import { checkEndpointUrl, type UrlPolicy } from './endpoint-url.ts'
import { tooManyEndpoints } from './errors.ts'

/** Registers an endpoint; its secret is returned here and never again. Throws: url_refused, state_conflict. */
export async function createEndpoint(
  { db, signingSecrets, urlPolicy }: { db: Db; signingSecrets: SigningSecrets; urlPolicy: UrlPolicy },
  input: Pick<Endpoint, 'resellerId' | 'url' | 'description' | 'events'>
): Promise<{ endpoint: Endpoint; secret: string }> {
  checkEndpointUrl(input.url, urlPolicy)
  return await db.tx(async tx => {
    if ((await countEndpoints(tx, input.resellerId)) >= ENDPOINTS_MAX) throw tooManyEndpoints()
    const endpoint = await insertEndpoint(tx, { id: newId(), ...input })
    return { endpoint, secret: await signingSecrets.issue(tx, endpoint.id, 0) }
  })
}
