/** What the editor's tabs hold at first. The first answers on an empty instance too. */
export const READY_OPERATIONS: readonly string[] = [
  `# One graph, several services.
# Ctrl+Enter runs what is here,
# Ctrl+Space completes it.

query Welcome {
  # helloworld answers this,
  hello(name: "you") {
    text
  }

  # posts this, users the authors
  posts(first: 5) {
    nodes {
      title
      publishedAt
      author {
        displayName
        username
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  `# How an app signs in. On this page
# the button at the top is simpler,
# and keeps you signed in.
#
# Each request then bears the token:
#   Authorization: Bearer …
# Before it expires, refreshSession
# swaps the refresh token for a pair
# of new ones.

mutation SignIn {
  signIn(input: { login: "", password: "" }) {
    tokens {
      accessToken
      accessTokenExpiresAt
      refreshToken
      refreshTokenExpiresAt
    }
    viewer {
      user {
        username
      }
    }
  }
}
`,
  `# Needs a sign-in. Sent again with
# its key, it gives the same post.

mutation CreatePost {
  createPost(
    input: {
      title: "Hello from the explorer"
      content: "Written in **CommonMark**."
      publish: true
      idempotencyKey: "my-first-post"
    }
  ) {
    post {
      id
      slug
      status
      html
      author {
        username
      }
    }
  }
}
`,
  `# What is private to the caller;
# null without a sign-in.

query Me {
  viewer {
    id
    email
    emailVerified
    scopes
    user {
      username
      displayName
      role
    }
    sessions(first: 5) {
      nodes {
        current
        client
        userAgent
        lastUsedAt
      }
    }
    posts(first: 5) {
      nodes {
        title
        status
        updatedAt
      }
    }
  }
}
`,
  `# What happens, as it happens; over
# a socket of its own.

subscription Greetings {
  greetings(name: "you", count: 5, intervalMs: 500) {
    number
    text
  }
}
`,
]
