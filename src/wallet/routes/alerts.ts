import { Type } from 'typebox'
import { operation, ownerOf, Ref } from '../../http/index.ts'
import { notFound } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromMoneyText } from '../../kit/money.ts'
import { requireReseller } from '../adjust-wallet.ts'
import { deleteAlert, listAlerts } from '../alert-repository.ts'
import { toApiAlert } from '../convert.ts'
import { AlertBody, AlertQuery, resellerParams, WalletAlertList, WalletAlertSchema } from '../schemas.ts'
import { setWalletAlert } from '../set-wallet-alert.ts'
import {
  type App,
  OPERATOR_READ,
  OPERATOR_TAG,
  OPERATOR_WRITE,
  RESELLER_READ,
  RESELLER_WALLET,
  RESELLER_WRITE,
  type ReadDeps,
  WALLET_TAG,
  type WalletDeps
} from './deps.ts'

const OWN = '/v1/wallet/alerts'
const OF_RESELLER = `${RESELLER_WALLET}/alerts`
const WHEN =
  'When what orders may cost falls below the threshold, an event `wallet.low` says so: once, until it has been at the threshold or above again. ' +
  'There is one threshold for each currency; setting it again replaces it.'

async function alertsOf({ db }: Pick<ReadDeps, 'db'>, resellerId: string) {
  await requireReseller(db, resellerId)
  return { data: (await listAlerts(db, resellerId)).map(toApiAlert) }
}

/** Throws: not_found. */
async function removeAlert({ db }: WalletDeps, resellerId: string, currency: string): Promise<null> {
  await db.tx(async tx => {
    if (!(await deleteAlert(tx, resellerId, currency))) throw notFound('alert')
  })
  return null
}

export function ownAlertsRoutes(app: App, deps: WalletDeps): void {
  app.route({
    method: 'GET',
    url: OWN,
    ...operation({
      id: 'listWalletAlerts',
      tag: WALLET_TAG,
      summary: 'Read from which amounts on your wallets are low',
      access: RESELLER_READ,
      response: { 200: Ref(WalletAlertList) },
      errors: ['not_found']
    }),
    handler: async request => {
      const resellerId = ownerOf(request)
      return await alertsOf({ db: deps.db.tenant(resellerId) }, resellerId)
    }
  })
  app.route({
    method: 'PUT',
    url: OWN,
    ...operation({
      id: 'setWalletAlert',
      tag: WALLET_TAG,
      summary: 'Be told when your wallet runs low',
      description: WHEN,
      access: RESELLER_WRITE,
      body: AlertBody,
      response: { 200: Ref(WalletAlertSchema) },
      errors: ['not_found']
    }),
    handler: async request => {
      const threshold = fromMoneyText(request.body.threshold, '/threshold')
      return toApiAlert(await setWalletAlert(deps.db, { resellerId: ownerOf(request), threshold }))
    }
  })
  app.route({
    method: 'DELETE',
    url: OWN,
    ...operation({
      id: 'deleteWalletAlert',
      tag: WALLET_TAG,
      summary: 'Not be told any more',
      access: RESELLER_WRITE,
      query: AlertQuery,
      response: { 204: Type.Null({ description: 'It is deleted.' }) },
      errors: ['not_found']
    }),
    handler: async (request, reply) => reply.code(204).send(await removeAlert(deps, ownerOf(request), request.query.currency))
  })
}

export function operatorAlertsRoutes(app: App, deps: WalletDeps): void {
  app.route({
    method: 'GET',
    url: OF_RESELLER,
    ...operation({
      id: 'listResellerWalletAlerts',
      tag: OPERATOR_TAG,
      summary: "Read from which amounts on a reseller's wallets are low",
      access: OPERATOR_READ,
      params: resellerParams,
      response: { 200: Ref(WalletAlertList) },
      errors: ['not_found']
    }),
    handler: async ({ params }) => await alertsOf(deps, fromApiId('reseller', params.id))
  })
  app.route({
    method: 'PUT',
    url: OF_RESELLER,
    ...operation({
      id: 'setResellerWalletAlert',
      tag: OPERATOR_TAG,
      summary: 'Have a reseller told when its wallet runs low',
      description: WHEN,
      access: OPERATOR_WRITE,
      params: resellerParams,
      body: AlertBody,
      response: { 200: Ref(WalletAlertSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }) => {
      const threshold = fromMoneyText(body.threshold, '/threshold')
      return toApiAlert(await setWalletAlert(deps.db, { resellerId: fromApiId('reseller', params.id), threshold }))
    }
  })
  app.route({
    method: 'DELETE',
    url: OF_RESELLER,
    ...operation({
      id: 'deleteResellerWalletAlert',
      tag: OPERATOR_TAG,
      summary: 'Delete the threshold of a reseller',
      access: OPERATOR_WRITE,
      params: resellerParams,
      query: AlertQuery,
      response: { 204: Type.Null({ description: 'It is deleted.' }) },
      errors: ['not_found']
    }),
    handler: async ({ params, query }, reply) => reply.code(204).send(await removeAlert(deps, fromApiId('reseller', params.id), query.currency))
  })
}
