/** What the editor's tabs hold at first. The first answers on an empty instance too. */
export const READY_OPERATIONS: readonly string[] = [
  `# One graph, many services: this crosses three.
# ▶ or Ctrl+Enter runs it, Ctrl+Space completes.

query Welcome {
  # helloworld, the smallest service
  hello(name: "you") {
    text
  }

  # posts, each with its author from users
  posts(first: 5) {
    nodes {
      title
      excerpt
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
  `# How an app signs in. Here, the button at the
# top is simpler, and keeps you signed in.
#
# The access token goes with each request:
#   Authorization: Bearer …
# Before it expires, refreshSession swaps the
# refresh token for a new pair.

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
  `# Needs a sign-in. Sent again with the same
# idempotencyKey, it gives the same post.

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
  `# What is private to the caller. It is null
# without a sign-in.

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
]
