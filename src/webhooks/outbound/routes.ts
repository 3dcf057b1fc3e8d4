/** Endpoints: where a reseller has its events sent. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { deleteEndpointRoute, resumeEndpointRoute, rotateSecretRoute, updateEndpointRoute } from './routes/change-endpoint.ts'
import { createEndpointRoute } from './routes/create-endpoint.ts'
import { listDeliveriesRoute, redeliverRoute, sendTestEventRoute } from './routes/deliveries.ts'
import type { OutboundDeps } from './routes/deps.ts'
import { getEndpointRoute, listEndpointsRoute } from './routes/read-endpoints.ts'

export type { OutboundDeps } from './routes/deps.ts'

const ROUTES = [
  createEndpointRoute,
  listEndpointsRoute,
  getEndpointRoute,
  updateEndpointRoute,
  deleteEndpointRoute,
  rotateSecretRoute,
  sendTestEventRoute,
  resumeEndpointRoute,
  listDeliveriesRoute,
  redeliverRoute
]

export const outboundRoutes =
  (deps: OutboundDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const register of ROUTES) register(app, deps)
  }
