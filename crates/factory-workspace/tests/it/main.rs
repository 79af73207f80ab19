//! Real repositories, real checkouts, real commands. Not libtest's harness, because the launcher of `[setup]` re-executes
//! this program. What this machine cannot do is listed as ignored, with what it needs.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod extract;
mod history;
mod land;
mod project;
mod rebase;
mod seal;
mod setup;
mod signing;
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

/// Cases that are ignored, and say why, where something is missing.
fn needing(what: &str, is_there: bool, trials: Vec<Trial>) -> Vec<Trial> {
    let ignored = |trial: Trial| trial.with_kind(what).with_ignored_flag(true);
    if is_there { trials } else { trials.into_iter().map(ignored).collect() }
}

fn main() -> ExitCode {
    factory_sandbox::enter_if_helper();
    if setup::is_victim() {
        return setup::be_killed();
    }
    if land::is_asked_to() {
        return land::obey();
    }
    if let Some(ended) = signing::verify_as_asked() {
        return ended;
    }
    if signing::is_asked_to() {
        return signing::obey();
    }
    let mut trials = everywhere();
    let watched = trials![land: [what_has_landed_is_on_the_disk]];
    trials.extend(needing("needs strace", land::can_be_watched(), watched));
    trials.extend(needing("needs ssh-keygen", signing::has_keygen(), with_keygen()));
    trials.extend(needing("needs ssh-agent", signing::has_agent(), with_agent()));
    let confined = trials![setup: [
        reaches_the_hosts_that_are_named_and_no_others,
        alone_reads_the_configuration_of_package_managers,
    ]];
    trials.extend(needing("needs profile A and python3", setup::has_namespaces(), confined));
    let at_terminal = trials![signing: [nothing_is_asked_at_a_terminal]];
    trials.extend(needing("needs ssh-keygen and script", signing::has_terminal(), at_terminal));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Cases that need nothing but git.
fn everywhere() -> Vec<Trial> {
    trials![
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
            a_copy_of_what_was_a_holdout_is_refused_by_name,
            a_holdout_that_is_only_announced_is_known,
            a_licence_beside_the_holdouts_is_no_holdout,
            a_base_is_looked_at_without_a_checkout,
            a_checkout_comes_with_its_proof,
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
            nothing_in_a_name_makes_the_header_say_something_else,
            every_kind_of_change_gets_into_the_tree,
            deleting_everything_leaves_an_empty_tree,
            a_path_that_no_patch_may_have_is_refused,
            content_is_committed_unfiltered,
            processes_that_race_make_one_branch,
            the_base_need_not_be_checked_out,
            what_has_landed_is_told_as_it_was_made,
            a_patch_for_another_base_is_refused,
        ],
        rebase: [
            the_tip_is_where_the_branch_is_now,
            changes_to_other_files_are_carried_as_they_are,
            changes_to_one_file_are_joined,
            changes_to_the_same_lines_conflict,
            what_the_new_base_has_already_is_left_out,
            deleting_and_changing_the_same_file_conflict,
            files_added_on_both_sides_must_be_the_same,
            executable_bits_are_merged_by_themselves,
            binary_files_are_not_joined,
            line_endings_are_content,
            renames_are_not_followed,
            files_and_folders_get_into_each_others_way,
            links_and_submodules_are_not_joined,
            nothing_is_written_and_no_attribute_is_asked,
            a_project_in_a_subdirectory_stays_in_it,
            a_patch_that_may_not_be_is_not_carried,
            a_file_that_grows_too_large_is_refused,
            it_agrees_with_gits_merge_of_trees,
        ],
        history: [
            reverts_are_found_on_every_branch,
            only_gits_own_words_count,
            a_revert_by_git_itself_is_found,
            only_what_is_undone_is_reverted,
            a_merge_is_reverted_by_its_sides,
            the_walk_ends_before_the_oldest_commit,
            what_cannot_be_read_is_passed_over,
            trailers_are_read_newest_first,
            only_the_last_paragraph_has_trailers,
            what_has_landed_has_its_trailers,
            the_newest_commits_tell_who_changed_a_path_and_how_often,
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
    ]
}

fn with_keygen() -> Vec<Trial> {
    trials![
        signing: [
            a_signature_names_its_key,
            what_a_program_says_is_held_against_the_signature,
            without_a_key_there_is_none,
            the_usual_keys_are_tried_in_order,
            the_configured_key_comes_first_and_alone,
            a_configured_key_may_have_any_path,
            a_key_with_a_passphrase_is_refused_at_once,
            what_is_no_key_is_refused,
            whatever_was_altered_does_not_hold,
            what_is_no_signature_is_not_looked_at,
            allowed_signers_say_who_it_is,
            the_configured_allowed_signers_are_found,
            an_exchanged_key_does_not_sign,
            an_agent_that_does_not_answer_is_not_waited_for,
        ],
    ]
}

fn with_agent() -> Vec<Trial> {
    trials![
        signing: [
            an_agent_signs_for_a_locked_key,
            a_literal_key_is_looked_for_with_the_agent,
        ],
    ]
}
