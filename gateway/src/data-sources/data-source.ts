import type { GraphQLDataSource } from '@apollo/gateway'

/** How execution asks one subgraph, wherever it runs. */
export type DataSource = GraphQLDataSource
