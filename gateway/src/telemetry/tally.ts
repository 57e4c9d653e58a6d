/**
 * What goes on in a gateway, in plain numbers. Whoever opens or closes something counts it here, which costs next to nothing; a scrape
 * reads them.
 */
export class Tally {
  /** Operations that are being answered. */
  operationsInFlight = 0
  /** How often a plan was wanted, and how often there was none yet. */
  plansWanted = 0
  plansMade = 0
  /** Operations that wait for the planner, or are being planned. */
  planning = 0
  /** Operations that came by their hash alone and were known, or were not, and those that came with their text to be known. */
  persistedKnown = 0
  persistedUnknown = 0
  persistedStored = 0
  /** Events that were executed, and answers that were sent of them. */
  eventsExecuted = 0
  eventsSent = 0
}
