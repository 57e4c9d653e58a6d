const CUT = `case when cut_to_role is not null
    then jsonb_build_object('role', cut_to_role, 'belowGeneration', cut_below_generation) end as cut`

/** $1 how many seconds back. What ended lately, and one row without an id for the database's time. */
export const ENDED_LATELY = `
  select subject_id as id, below_generation as "belowGeneration", ${CUT}, ended_at as "endedAt", clock() as now
  from ending where ended_at > clock() - make_interval(secs => $1::float8)
  union all select null, null, null, null, clock()`

/** The topic of the log that gateways which are processes of their own read. */
export const ENDINGS_TOPIC = 'endings'

const NOTED = `returning subject_id as id, below_generation, ${CUT}`

/** Answers what `noted` has written down, and writes it to the log with it. */
const told = (noted: string) => `
  with ${noted}, told as (
    insert into event (topic, type, data)
    select '${ENDINGS_TOPIC}', 'credential.ended', jsonb_build_object('id', id, 'belowGeneration', below_generation, 'cut', cut) from noted
  )
  select id, below_generation as "belowGeneration", cut from noted`

const ending = (ended: string) =>
  told(`ended as (${ended}), noted as (
    insert into ending (subject_id, ended_at) select id, clock() from ended on conflict (subject_id) do nothing ${NOTED}
  )`)

const endingSessions = (which: string) => ending(`delete from session where ${which} returning id`)
const endingKeys = (which: string) => ending(`delete from api_key where ${which} returning id`)

/** $1 session. */
export const END_SESSION = endingSessions('id = $1')
/** $1 sessions. */
export const END_THESE_SESSIONS = endingSessions('id = any($1::uuid[])')
/** $1 account, $2 session. */
export const END_OWN_SESSION = endingSessions('account_id = $1 and id = $2')
/** $1 account, $2 the session that stays, or null. */
export const END_SESSIONS = endingSessions('account_id = $1 and id is distinct from $2::uuid')
/** $1 account, $2 key. */
export const END_OWN_KEY = endingKeys('account_id = $1 and id = $2')
/** $1 account. */
export const END_KEYS = endingKeys('account_id = $1')

/** $1 account, whose generation has grown. Access tokens of an earlier one are refused. */
export const END_GENERATION = told(`noted as (
    insert into ending (subject_id, below_generation, ended_at) select id, generation, clock() from account where id = $1
    on conflict (subject_id) do update set below_generation = excluded.below_generation, ended_at = excluded.ended_at ${NOTED}
  )`)

/** $1 account, whose generation has grown with another role. Access tokens and keys of an earlier one are cut to it; what ended stays so. */
export const CUT_TO_ROLE = told(`noted as (
    insert into ending (subject_id, below_generation, cut_to_role, cut_below_generation, ended_at)
    select id, 0, role, generation, clock() from account where id = $1
    on conflict (subject_id) do update set cut_to_role = excluded.cut_to_role, cut_below_generation = excluded.cut_below_generation,
      ended_at = excluded.ended_at ${NOTED}
  )`)

/** $1 account, which is gone: all of its access tokens are refused. */
export const END_ACCOUNT = told(`noted as (
    insert into ending (subject_id, ended_at) values ($1, clock())
    on conflict (subject_id) do update set below_generation = null, ended_at = excluded.ended_at ${NOTED}
  )`)

/** $1 account. What was mailed or handed out and not used yet. */
export const DROP_CODES = 'delete from authorization_code where account_id = $1'
/** $1 account. */
export const DROP_OPEN_LINKS = 'delete from mail_token where account_id = $1'
