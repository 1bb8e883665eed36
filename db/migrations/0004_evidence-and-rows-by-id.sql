CREATE TABLE "step_evidence" (
	"step_id" bigint NOT NULL,
	"dataset_id" text NOT NULL,
	CONSTRAINT "step_evidence_step_id_dataset_id_pk" PRIMARY KEY("step_id","dataset_id")
);
--> statement-breakpoint
ALTER TABLE "step_evidence" ADD CONSTRAINT "step_evidence_step_id_steps_id_fk" FOREIGN KEY ("step_id") REFERENCES "public"."steps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "step_evidence" ADD CONSTRAINT "step_evidence_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "rows_in_dataset" ON "rows" USING btree ("dataset_id","id");