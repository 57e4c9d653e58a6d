import { type OpenServices, openServices } from '@ashlar/database/open-services'
import type { Settings } from '@ashlar/kit/config'
import { StartError } from '@ashlar/kit/process-life'
import { existingSecretKey } from '../secret-key.js'
import { createServerLog } from '../server-log.js'
import { serviceNames } from '../subgraphs.js'

/**
 * The data of services where the environment says that they are, beside whatever serves them; of all services where none is named.
 * @throws StartError for a name that no service has
 */
export async function reachServices(settings: Settings, names: readonly string[]): Promise<OpenServices> {
  const all = serviceNames()
  const strange = names.find((name) => !all.includes(name))
  if (strange !== undefined) throw new StartError(`There is no service ${JSON.stringify(strange)}. There are ${all.join(', ')}.`)
  return openServices({
    dataDir: settings.dataDir,
    databaseUrl: settings.databaseUrl,
    serviceUrls: settings.serviceDatabaseUrls,
    oneRole: settings.oneRole,
    secret: await existingSecretKey(settings.dataDir, settings.secretKey),
    services: names.length > 0 ? [...new Set(names)].sort() : all,
    // What it does it tells itself; only what goes wrong beyond that is news.
    log: createServerLog('error', process.stderr.isTTY === true),
  })
}
