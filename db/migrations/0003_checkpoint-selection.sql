CREATE TABLE "selections" (
	"step_id" bigint PRIMARY KEY NOT NULL,
	"checkpoint_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "scores" DROP CONSTRAINT "scores_identity";--> statement-breakpoint
ALTER TABLE "checkpoint_steps" ADD COLUMN "train_step" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "checkpoint_steps" DROP CONSTRAINT "checkpoint_steps_pkey";--> statement-breakpoint
ALTER TABLE "checkpoint_steps" ADD CONSTRAINT "checkpoint_steps_job_id_train_step_pk" PRIMARY KEY("job_id","train_step");--> statement-breakpoint
ALTER TABLE "selections" ADD CONSTRAINT "selections_step_id_steps_id_fk" FOREIGN KEY ("step_id") REFERENCES "public"."steps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "selections" ADD CONSTRAINT "selections_checkpoint_id_checkpoints_id_fk" FOREIGN KEY ("checkpoint_id") REFERENCES "public"."checkpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scores" ADD CONSTRAINT "scores_measured" UNIQUE("step_id","benchmark","identity_hash","checkpoint_id");
