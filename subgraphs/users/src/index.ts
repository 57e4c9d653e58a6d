import { defineSubgraph } from '@ashlar/kit/define-subgraph'
import { scalars } from '@ashlar/kit/scalars'
import { makeDemoPeople } from './demo.js'
import { doorsOf } from './doors.js'
import { createLoaders, type Loaders } from './loaders.js'
import { measureUsers } from './metrics.js'
import { pagesRoutes } from './pages/routes.js'
import { ApiKey } from './resolvers/api-key.js'
import { Mutation } from './resolvers/mutation.js'
import { Query } from './resolvers/query.js'
import { Session } from './resolvers/session.js'
import { User } from './resolvers/user.js'
import { Viewer } from './resolvers/viewer.js'
import { createServices, type Services } from './services.js'

/** Accounts, sessions and credentials: who somebody is, and what they may do. */
export const subgraph = defineSubgraph<Services, Loaders>({
  name: 'users',
  schema: new URL('../schema.graphql', import.meta.url),
  resolvers: {
    DateTime: scalars.DateTime,
    EmailAddress: scalars.EmailAddress,
    URL: scalars.URL,
    ...{ Query, Mutation, Viewer, User, Session, ApiKey },
  },
  services: (deps) => createServices(deps),
  loaders: createLoaders,
  jobs: ({ outgoingMail, retention }) => ({ ...outgoingMail.handlers(), ...retention.handlers() }),
  routes: pagesRoutes,
  doors: doorsOf,
  begin: async (services, deps) => {
    const { owner } = deps.config
    measureUsers(services, deps)
    if (owner) await services.ownership.claimUnattended(owner.email, owner.password)
  },
  // Made anew at each start while nobody is the owner.
  greeting: async ({ ownership }) => {
    const link = await ownership.link()
    return link && `Make it yours: this link creates the owner, once, within 24 hours\n${link}`
  },
  demo: ({ passwords }, deps) => makeDemoPeople(deps, passwords),
  // Public things, and what the credential itself is.
  openViewerFields: ['user', 'scopes'],
})
