import type { NodeType } from './node-types.js'

/** The schema of the subgraph that nobody writes: who the caller is, and anything by its id. */
export const registrySdl = (types: Iterable<NodeType>): string => {
  const stubs = [...types].map(({ typeName }) => `type ${typeName} implements Node @key(fields: "id", resolvable: false) { id: ID! }`)
  return `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@inaccessible"])

interface Node { id: ID! }

type Query {
  viewer: Viewer @shareable
  ${stubs.length > 0 ? NODE_FIELDS : ''}
}

type Viewer @key(fields: "userId") {
  userId: ID! @inaccessible
  "The same id as the user's."
  id: ID!
}

${stubs.sort().join('\n')}
`
}

const NODE_FIELDS = `"Anything that has an id, as far as the caller may see it."
  node(id: ID!): Node
  "At most 100, in the order of the ids, with null for what is not there or hidden."
  nodes(ids: [ID!]!): [Node]`
