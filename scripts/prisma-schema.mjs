// The folders under prisma/ that hold models, put together: one file for the list of schemas, one client for all.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const prismaFolder = fileURLToPath(new URL('../prisma', import.meta.url))

/** The services that have models of their own, in the order of their names. */
export const servicesWithModels = () =>
  readdirSync(prismaFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(prismaFolder, entry.name, 'models.prisma')))
    .map((entry) => entry.name)
    .sort()

/** A service's models as they stand. */
export const modelsOf = (service) => readFileSync(join(prismaFolder, service, 'models.prisma'), 'utf8')

/** What stands in front of the models: the client's generator and the list of schemas. */
export const schemaHead = (services) => `// Made from the folders beside it by npm run codegen.
generator client {
  provider            = "prisma-client"
  output              = "../packages/database/src/generated/prisma"
  runtime             = "nodejs"
  moduleFormat        = "esm"
  importFileExtension = "js"
}

datasource db {
  provider = "postgresql"
  schemas  = [${services.map((service) => `"${service}"`).join(', ')}]
}
`
