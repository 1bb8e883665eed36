CREATE TABLE "batch_requests" (
	"key" text PRIMARY KEY NOT NULL,
	"batch_id" text NOT NULL,
	"step_id" bigint,
	"endpoint" text NOT NULL,
	"model" text NOT NULL,
	"request" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "batches" (
	"id" text PRIMARY KEY NOT NULL,
	"endpoint" text NOT NULL,
	"model" text NOT NULL,
	"server" text NOT NULL,
	"state" text NOT NULL,
	"holder" text,
	"held_until" timestamp with time zone,
	"input_file_id" text,
	"provider_id" text,
	"total" integer NOT NULL,
	"done" integer,
	"failed" integer,
	"detail" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"asked_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	CONSTRAINT "batches_state" CHECK ("batches"."state" in ('writing', 'uploaded', 'submitted', 'collected', 'failed', 'dissolved'))
);
--> statement-breakpoint
ALTER TABLE "batch_requests" ADD CONSTRAINT "batch_requests_batch_id_batches_id_fk" FOREIGN KEY ("batch_id") REFERENCES "public"."batches"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "batch_requests" ADD CONSTRAINT "batch_requests_step_id_steps_id_fk" FOREIGN KEY ("step_id") REFERENCES "public"."steps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "batch_requests_batch" ON "batch_requests" USING btree ("batch_id");