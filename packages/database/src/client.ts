// The one generated client of all services, under a name that does not tell where it lies.
export * from './generated/prisma/client.js'
