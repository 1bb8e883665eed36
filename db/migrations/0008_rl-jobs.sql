ALTER TABLE "jobs" DROP CONSTRAINT "jobs_kind";--> statement-breakpoint
UPDATE "jobs" SET "kind" = 'rl' WHERE "kind" = 'grpo';--> statement-breakpoint
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_kind" CHECK ("jobs"."kind" in ('sft', 'rl', 'finalize', 'verify', 'serve'));
