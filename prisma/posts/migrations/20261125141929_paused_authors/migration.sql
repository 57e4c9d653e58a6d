-- CreateTable
CREATE TABLE "paused_author" (
    "user_id" UUID NOT NULL,
    "paused_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock(),

    CONSTRAINT "paused_author_pkey" PRIMARY KEY ("user_id")
);
