CREATE TABLE "campaigns" (
	"id" text PRIMARY KEY NOT NULL,
	"recipe" jsonb NOT NULL,
	"recipe_hash" text NOT NULL,
	"recipe_source" text NOT NULL,
	"folder" text NOT NULL,
	"status" text DEFAULT 'running' NOT NULL,
	"status_reason" text,
	"head_round" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "campaigns_status" CHECK ("campaigns"."status" in ('running', 'paused', 'finished', 'failed', 'cancelled'))
);
--> statement-breakpoint
CREATE TABLE "rounds" (
	"campaign_id" text NOT NULL,
	"number" integer NOT NULL,
	"parent_number" integer,
	"status" text DEFAULT 'running' NOT NULL,
	"decision" text,
	"decision_detail" jsonb,
	"checkpoint_id" text,
	"reason" text,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"closed_at" timestamp with time zone,
	CONSTRAINT "rounds_campaign_id_number_pk" PRIMARY KEY("campaign_id","number"),
	CONSTRAINT "rounds_status" CHECK ("rounds"."status" in ('running', 'closed', 'cancelled', 'failed')),
	CONSTRAINT "rounds_decision" CHECK ("rounds"."decision" in ('promote', 'inconclusive', 'regress')),
	CONSTRAINT "rounds_base_has_no_parent" CHECK (("rounds"."number" = 0) = ("rounds"."parent_number" is null)),
	CONSTRAINT "rounds_parent_is_older" CHECK ("rounds"."parent_number" < "rounds"."number"),
	CONSTRAINT "rounds_closed_at" CHECK (("rounds"."status" = 'running') = ("rounds"."closed_at" is null))
);
--> statement-breakpoint
CREATE TABLE "checkpoint_steps" (
	"step_id" bigint NOT NULL,
	"checkpoint_id" text NOT NULL,
	"start_checkpoint_id" text,
	"job_id" text PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "checkpoints" (
	"id" text PRIMARY KEY NOT NULL,
	"path" text NOT NULL,
	"bytes" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "campaign_sources" (
	"campaign_id" text NOT NULL,
	"role" text NOT NULL,
	"name" text NOT NULL,
	"dataset_id" text NOT NULL,
	CONSTRAINT "campaign_sources_campaign_id_role_name_pk" PRIMARY KEY("campaign_id","role","name"),
	CONSTRAINT "campaign_sources_role" CHECK ("campaign_sources"."role" in ('source', 'benchmark'))
);
--> statement-breakpoint
CREATE TABLE "datasets" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"step_id" bigint,
	"source_path" text,
	"source_hash" text,
	"sealed_at" timestamp with time zone,
	"content_hash" text,
	"row_count" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "datasets_step_id_unique" UNIQUE("step_id")
);
--> statement-breakpoint
CREATE TABLE "step_inputs" (
	"step_id" bigint NOT NULL,
	"ordinal" integer NOT NULL,
	"dataset_id" text NOT NULL,
	CONSTRAINT "step_inputs_step_id_ordinal_pk" PRIMARY KEY("step_id","ordinal")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"campaign_id" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"who" text NOT NULL,
	"kind" text NOT NULL,
	"why" text,
	"from_round" integer,
	"to_round" integer,
	"dedupe_key" text,
	"data" jsonb,
	CONSTRAINT "events_dedupe_key_unique" UNIQUE("dedupe_key")
);
--> statement-breakpoint
CREATE TABLE "attempts" (
	"job_id" text NOT NULL,
	"attempt" integer NOT NULL,
	"handle" jsonb,
	"state" text NOT NULL,
	"exit_code" integer,
	"signal" text,
	"reason" text,
	"directory" text NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	CONSTRAINT "attempts_job_id_attempt_pk" PRIMARY KEY("job_id","attempt")
);
--> statement-breakpoint
CREATE TABLE "jobs" (
	"id" text PRIMARY KEY NOT NULL,
	"step_id" bigint,
	"kind" text NOT NULL,
	"backend" text NOT NULL,
	"launcher" text NOT NULL,
	"spec_hash" text NOT NULL,
	"spec" jsonb NOT NULL,
	"intent" text DEFAULT 'run' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "jobs_kind" CHECK ("jobs"."kind" in ('sft', 'grpo', 'serve', 'verify')),
	CONSTRAINT "jobs_intent" CHECK ("jobs"."intent" in ('run', 'cancel'))
);
--> statement-breakpoint
CREATE TABLE "metrics" (
	"job_id" text NOT NULL,
	"attempt" integer NOT NULL,
	"segment" integer NOT NULL,
	"step" integer NOT NULL,
	"name" text NOT NULL,
	"canonical" text,
	"value" double precision NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "metrics_job_id_attempt_segment_step_name_pk" PRIMARY KEY("job_id","attempt","segment","step","name")
);
--> statement-breakpoint
CREATE TABLE "requests" (
	"key" text PRIMARY KEY NOT NULL,
	"step_id" bigint,
	"endpoint" text NOT NULL,
	"model" text NOT NULL,
	"request" jsonb NOT NULL,
	"reply" text NOT NULL,
	"finish_reason" text NOT NULL,
	"prompt_tokens" integer NOT NULL,
	"completion_tokens" integer NOT NULL,
	"latency_ms" integer NOT NULL,
	"attempts" integer NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "images" (
	"hash" text PRIMARY KEY NOT NULL,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	"bytes" integer NOT NULL,
	"media_type" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "row_images" (
	"row_id" text NOT NULL,
	"ordinal" integer NOT NULL,
	"image_hash" text NOT NULL,
	CONSTRAINT "row_images_row_id_ordinal_pk" PRIMARY KEY("row_id","ordinal")
);
--> statement-breakpoint
CREATE TABLE "row_requests" (
	"row_id" text NOT NULL,
	"ordinal" integer NOT NULL,
	"request_key" text NOT NULL,
	CONSTRAINT "row_requests_row_id_ordinal_pk" PRIMARY KEY("row_id","ordinal")
);
--> statement-breakpoint
CREATE TABLE "rows" (
	"id" text PRIMARY KEY NOT NULL,
	"dataset_id" text NOT NULL,
	"parent_row_id" text,
	"origin_row_id" text NOT NULL,
	"out_index" integer DEFAULT 0 NOT NULL,
	"position" integer,
	"status" text NOT NULL,
	"reason" text,
	"detail" text,
	"source_id" text,
	"question" text NOT NULL,
	"answer" text,
	"kind" text NOT NULL,
	"choices" jsonb,
	"description" text,
	"trace" text,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "rows_status" CHECK ("rows"."status" in ('kept', 'dropped', 'failed')),
	CONSTRAINT "rows_kind" CHECK ("rows"."kind" in ('auto', 'number', 'choice', 'yesno', 'text')),
	CONSTRAINT "rows_reason" CHECK (("rows"."status" = 'kept') = ("rows"."reason" is null))
);
--> statement-breakpoint
CREATE TABLE "verdicts" (
	"row_id" text PRIMARY KEY NOT NULL,
	"verdict" text NOT NULL,
	"reason" text NOT NULL,
	"extracted" text,
	"verifier_version" text NOT NULL,
	CONSTRAINT "verdicts_verdict" CHECK ("verdicts"."verdict" in ('correct', 'incorrect', 'unverifiable'))
);
--> statement-breakpoint
CREATE TABLE "score_items" (
	"score_id" bigint NOT NULL,
	"item_id" text NOT NULL,
	"correct" boolean NOT NULL,
	"verdict" text NOT NULL,
	"reason" text NOT NULL,
	"extracted" text,
	"request_key" text,
	"truncated" boolean DEFAULT false NOT NULL,
	CONSTRAINT "score_items_score_id_item_id_pk" PRIMARY KEY("score_id","item_id"),
	CONSTRAINT "score_items_verdict" CHECK ("score_items"."verdict" in ('correct', 'incorrect', 'unverifiable'))
);
--> statement-breakpoint
CREATE TABLE "scores" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"campaign_id" text NOT NULL,
	"round_number" integer NOT NULL,
	"step_id" bigint NOT NULL,
	"checkpoint_id" text NOT NULL,
	"benchmark" text NOT NULL,
	"split_role" text NOT NULL,
	"identity" jsonb NOT NULL,
	"identity_hash" text NOT NULL,
	"n" integer NOT NULL,
	"correct" integer NOT NULL,
	"unverifiable" integer NOT NULL,
	"truncated" integer NOT NULL,
	"accuracy" double precision NOT NULL,
	"low" double precision NOT NULL,
	"high" double precision NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "scores_identity" UNIQUE("step_id","benchmark","identity_hash"),
	CONSTRAINT "scores_split_role" CHECK ("scores"."split_role" in ('dev', 'report'))
);
--> statement-breakpoint
CREATE TABLE "steps" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"campaign_id" text NOT NULL,
	"round_number" integer NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"ordinal" integer NOT NULL,
	"spec" jsonb NOT NULL,
	"status" text DEFAULT 'running' NOT NULL,
	"reason" text,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "steps_name" UNIQUE("campaign_id","round_number","name"),
	CONSTRAINT "steps_status" CHECK ("steps"."status" in ('running', 'done', 'failed', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "campaigns" ADD CONSTRAINT "campaigns_head_round" FOREIGN KEY ("id","head_round") REFERENCES "public"."rounds"("campaign_id","number") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rounds" ADD CONSTRAINT "rounds_campaign_id_campaigns_id_fk" FOREIGN KEY ("campaign_id") REFERENCES "public"."campaigns"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rounds" ADD CONSTRAINT "rounds_checkpoint_id_checkpoints_id_fk" FOREIGN KEY ("checkpoint_id") REFERENCES "public"."checkpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rounds" ADD CONSTRAINT "rounds_parent" FOREIGN KEY ("campaign_id","parent_number") REFERENCES "public"."rounds"("campaign_id","number") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkpoint_steps" ADD CONSTRAINT "checkpoint_steps_step_id_steps_id_fk" FOREIGN KEY ("step_id") REFERENCES "public"."steps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkpoint_steps" ADD CONSTRAINT "checkpoint_steps_checkpoint_id_checkpoints_id_fk" FOREIGN KEY ("checkpoint_id") REFERENCES "public"."checkpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkpoint_steps" ADD CONSTRAINT "checkpoint_steps_start_checkpoint_id_checkpoints_id_fk" FOREIGN KEY ("start_checkpoint_id") REFERENCES "public"."checkpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkpoint_steps" ADD CONSTRAINT "checkpoint_steps_job_id_jobs_id_fk" FOREIGN KEY ("job_id") REFERENCES "public"."jobs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "campaign_sources" ADD CONSTRAINT "campaign_sources_campaign_id_campaigns_id_fk" FOREIGN KEY ("campaign_id") REFERENCES "public"."campaigns"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "campaign_sources" ADD CONSTRAINT "campaign_sources_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "datasets" ADD CONSTRAINT "datasets_step_id_steps_id_fk" FOREIGN KEY ("step_id") REFERENCES "public"."steps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "step_inputs" ADD CONSTRAINT "step_inputs_step_id_steps_id_fk" FOREIGN KEY ("step_id") REFERENCES "public"."steps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "step_inputs" ADD CONSTRAINT "step_inputs_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_campaign_id_campaigns_id_fk" FOREIGN KEY ("campaign_id") REFERENCES "public"."campaigns"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_job_id_jobs_id_fk" FOREIGN KEY ("job_id") REFERENCES "public"."jobs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_step_id_steps_id_fk" FOREIGN KEY ("step_id") REFERENCES "public"."steps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "metrics" ADD CONSTRAINT "metrics_attempt" FOREIGN KEY ("job_id","attempt") REFERENCES "public"."attempts"("job_id","attempt") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_step_id_steps_id_fk" FOREIGN KEY ("step_id") REFERENCES "public"."steps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "row_images" ADD CONSTRAINT "row_images_row_id_rows_id_fk" FOREIGN KEY ("row_id") REFERENCES "public"."rows"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "row_images" ADD CONSTRAINT "row_images_image_hash_images_hash_fk" FOREIGN KEY ("image_hash") REFERENCES "public"."images"("hash") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "row_requests" ADD CONSTRAINT "row_requests_row_id_rows_id_fk" FOREIGN KEY ("row_id") REFERENCES "public"."rows"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "row_requests" ADD CONSTRAINT "row_requests_request_key_requests_key_fk" FOREIGN KEY ("request_key") REFERENCES "public"."requests"("key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rows" ADD CONSTRAINT "rows_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rows" ADD CONSTRAINT "rows_parent_row_id_rows_id_fk" FOREIGN KEY ("parent_row_id") REFERENCES "public"."rows"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rows" ADD CONSTRAINT "rows_origin_row_id_rows_id_fk" FOREIGN KEY ("origin_row_id") REFERENCES "public"."rows"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "verdicts" ADD CONSTRAINT "verdicts_row_id_rows_id_fk" FOREIGN KEY ("row_id") REFERENCES "public"."rows"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "score_items" ADD CONSTRAINT "score_items_score_id_scores_id_fk" FOREIGN KEY ("score_id") REFERENCES "public"."scores"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "score_items" ADD CONSTRAINT "score_items_item_id_rows_id_fk" FOREIGN KEY ("item_id") REFERENCES "public"."rows"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "score_items" ADD CONSTRAINT "score_items_request_key_requests_key_fk" FOREIGN KEY ("request_key") REFERENCES "public"."requests"("key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scores" ADD CONSTRAINT "scores_step_id_steps_id_fk" FOREIGN KEY ("step_id") REFERENCES "public"."steps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scores" ADD CONSTRAINT "scores_checkpoint_id_checkpoints_id_fk" FOREIGN KEY ("checkpoint_id") REFERENCES "public"."checkpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scores" ADD CONSTRAINT "scores_round" FOREIGN KEY ("campaign_id","round_number") REFERENCES "public"."rounds"("campaign_id","number") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "steps" ADD CONSTRAINT "steps_round" FOREIGN KEY ("campaign_id","round_number") REFERENCES "public"."rounds"("campaign_id","number") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "checkpoint_steps_checkpoint" ON "checkpoint_steps" USING btree ("checkpoint_id");--> statement-breakpoint
CREATE INDEX "checkpoint_steps_step" ON "checkpoint_steps" USING btree ("step_id","created_at");--> statement-breakpoint
CREATE INDEX "step_inputs_dataset" ON "step_inputs" USING btree ("dataset_id");--> statement-breakpoint
CREATE INDEX "events_campaign" ON "events" USING btree ("campaign_id","id");--> statement-breakpoint
CREATE INDEX "jobs_step" ON "jobs" USING btree ("step_id");--> statement-breakpoint
CREATE INDEX "requests_step" ON "requests" USING btree ("step_id");--> statement-breakpoint
CREATE INDEX "row_images_hash" ON "row_images" USING btree ("image_hash");--> statement-breakpoint
CREATE INDEX "row_requests_key" ON "row_requests" USING btree ("request_key");--> statement-breakpoint
CREATE INDEX "rows_position" ON "rows" USING btree ("dataset_id","position") WHERE "rows"."status" = 'kept';--> statement-breakpoint
CREATE INDEX "rows_parent_in_dataset" ON "rows" USING btree ("dataset_id","parent_row_id");--> statement-breakpoint
CREATE INDEX "rows_origin_in_dataset" ON "rows" USING btree ("dataset_id","origin_row_id");--> statement-breakpoint
CREATE INDEX "rows_parent" ON "rows" USING btree ("parent_row_id");--> statement-breakpoint
CREATE INDEX "rows_origin" ON "rows" USING btree ("origin_row_id");--> statement-breakpoint
CREATE INDEX "score_items_key" ON "score_items" USING btree ("request_key");--> statement-breakpoint
CREATE INDEX "scores_by_round" ON "scores" USING btree ("campaign_id","round_number");--> statement-breakpoint
CREATE INDEX "scores_checkpoint" ON "scores" USING btree ("checkpoint_id");