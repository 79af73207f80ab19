//! Real repositories, real checkouts, real commands. Not libtest's harness, because the launcher of `[setup]` re-executes
//! this program.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod extract;
mod land;
mod project;
mod seal;
mod setup;
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Lists test functions of a module under their own names.
macro_rules! trials {
    ($($module:ident: [$($name:ident),* $(,)?]),* $(,)?) => {
        vec![$($(Trial::test(concat!(stringify!($module), "::", stringify!($name)), || {
            $module::$name();
            Ok(())
        })),*),*]
    };
}

fn main() -> ExitCode {
    factory_sandbox::enter_if_helper();
    if setup::is_victim() {
        return setup::be_killed();
    }
    let trials = trials![
        project: [
            finds_the_repository_and_the_nearest_factory_toml,
            says_why_a_folder_is_no_project,
            knows_a_branch_from_a_detached_head,
            works_in_a_linked_worktree,
            lists_what_differs_from_head,
            looks_only_at_the_project_for_changes,
            reads_files_of_a_commit,
        ],
        seal: [
            a_checkout_has_the_tree_and_nothing_else,
            the_root_commit_is_always_the_same,
            no_trace_of_a_holdout_is_left,
            twins_of_a_holdout_path_are_left_out,
            a_copy_of_a_holdout_is_refused_by_name,
            a_short_file_may_equal_a_holdout,
            a_holdout_folder_in_the_repository_is_hidden_too,
            links_in_the_tree_stay_and_others_are_refused,
            submodules_are_refused,
            lfs_pointers_are_refused,
            line_endings_pass_unchanged,
            strange_names_in_the_base_pass,
            names_that_lead_elsewhere_are_refused,
            a_patch_is_applied_but_not_committed,
            git_diff_in_the_checkout_shows_the_patch,
            a_patch_can_swap_a_folder_for_a_file,
            a_patch_that_does_not_fit_is_not_taken,
            a_patch_does_not_write_through_a_link,
            dropping_the_checkout_removes_it,
            checkouts_of_killed_processes_are_swept_up_and_others_stay,
            the_cache_must_be_outside_the_repository,
            an_unknown_base_is_an_error,
            no_template_or_hook_of_the_machine_gets_in,
        ],
        extract: [
            nothing_changed_is_an_empty_patch,
            every_kind_of_change_comes_out_sorted,
            what_was_sealed_with_a_patch_comes_out_as_that_patch,
            hidden_files_are_not_deleted_by_a_patch,
            ignored_files_and_caches_stay_behind,
            only_the_rules_of_the_base_decide_what_is_ignored,
            a_source_folder_named_target_is_work,
            hostile_files_are_refused_by_name,
            unchanged_links_and_large_files_are_no_change,
            a_large_file_is_refused_once_it_changes,
            too_many_files_are_refused,
            the_candidates_git_folder_is_never_opened,
            a_hard_link_is_only_content,
            protected_paths_and_holdouts_are_refused,
            changes_outside_the_project_are_refused,
            the_diff_reads_like_gits,
            the_diff_summarises_binary_files,
        ],
        land: [
            a_merge_is_a_commit_on_a_branch_of_its_own,
            the_same_effect_lands_once,
            a_branch_of_another_run_is_left_alone,
            two_taken_branches_are_an_error,
            a_message_cannot_pass_for_another_runs_trailers,
            an_odd_message_does_not_hide_the_trailers,
            the_author_is_the_repositorys,
            every_kind_of_change_gets_into_the_tree,
            deleting_everything_leaves_an_empty_tree,
            a_path_that_no_patch_may_have_is_refused,
            content_is_committed_unfiltered,
            processes_that_race_make_one_branch,
        ],
        setup: [
            reads_its_table_and_nothing_more,
            runs_once_for_the_same_inputs,
            runs_again_when_an_input_changes,
            kept_folders_are_linked_and_no_part_of_the_patch,
            the_environment_is_replaced_and_not_inherited,
            a_failing_command_is_told_with_its_output,
            a_command_that_takes_too_long_is_ended,
            what_does_not_fit_the_base_is_an_error,
            a_half_made_folder_is_made_again,
            a_killed_process_leaves_nothing_that_hurts,
            two_at_once_run_it_once,
            works_in_the_folder_of_the_project,
        ],
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
