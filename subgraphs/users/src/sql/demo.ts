/** $1 id, $2 username, $3 display name, $4 bio, $5 role, $6 address, $7 password hash, $8 since when. */
export const ADD_DEMO_ACCOUNT = `
  insert into account (id, username, display_name, bio, role, email, email_verified_at, password_hash, demo, created_at, signed_up_at)
  values ($1, $2, $3, $4, $5::role, $6, $8, $7, true, $8, $8)`
