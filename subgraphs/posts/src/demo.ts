import type { ServiceDatabase } from '@ashlar/database/service-database'
export const fillDemo = async (_: ServiceDatabase) => {}
