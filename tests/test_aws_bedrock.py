from domicile.model import Cell, Location
from domicile.providers.aws import bedrock, bedrock_models
from recorded_cloud import RecordedCloud

HERE = Cell("aws", "111122223333", "ap-south-1")
MUMBAI, SINGAPORE = Location("aws", "ap-south-1"), Location("aws", "ap-southeast-1")
PROFILE = "arn:aws:bedrock:ap-south-1:111122223333:application-inference-profile/abc"
ASKED = "arn:aws:bedrock:ap-south-1:111122223333:model-invocations"


def routed(*regions):
    models = [{"modelArn": f"arn:aws:bedrock:{one}::foundation-model/example.large-v1:0"} for one in regions]
    profile = {"inferenceProfileArn": PROFILE, "inferenceProfileName": "letters", "models": models}
    return list(bedrock.read(profile, {}, HERE))


def logged(**told):
    [configured] = bedrock.find_logging(
        RecordedCloud({"get_model_invocation_logging_configuration": {"loggingConfig": told}})
    )
    return list(bedrock.read_logging(configured, {}, HERE))


def test_a_profile_processes_in_its_region_and_in_each_other_region_of_its_models():
    this, south, singapore = routed("ap-south-1", "ap-southeast-1", "ap-south-2", "ap-southeast-1")
    assert (this.id, this.type, this.name) == (PROFILE, "aws.bedrock.inference-profile", "letters")
    assert (this.location, this.account) == (MUMBAI, "111122223333")
    assert (south.of, south.location.region, singapore.location) == (PROFILE, "ap-south-2", SINGAPORE)
    assert {copy.channel for copy in (south, singapore)} == {"bedrock-inference-profile"}


def test_a_global_profile_processes_at_no_place_that_anybody_could_name():
    _, anywhere = routed("ap-south-1", "")
    assert (anywhere.location, anywhere.account, anywhere.evidence.value) == (None, "111122223333", "")


def test_profiles_that_bedrock_defines_are_not_asked_for():
    asked = []

    class Cloud(RecordedCloud):
        def pages(self, operation, **parameters):
            asked.append(parameters["typeEquals"])
            return super().pages(operation)

    assert list(bedrock.find(Cloud({"list_inference_profiles": {"inferenceProfileSummaries": []}}))) == []
    assert asked == ["APPLICATION"]


def test_without_logging_nothing_is_told_of_what_models_were_asked():
    for answer in ({}, {"loggingConfig": {}}):
        cloud = RecordedCloud({"get_model_invocation_logging_configuration": answer})
        assert list(bedrock.find_logging(cloud)) == []


def test_what_models_are_asked_is_logged_in_a_log_group_and_in_buckets_of_no_known_region():
    large = {"bucketName": "large"}
    this, group, bucket, rest = logged(
        cloudWatchConfig={"logGroupName": "/models", "roleArn": "role", "largeDataDeliveryS3Config": large},
        s3Config={"bucketName": "asked"},
    )
    assert (this.id, this.type, this.location) == (ASKED, "aws.bedrock.invocations", MUMBAI)
    assert group.id == "arn:aws:logs:ap-south-1:111122223333:log-group:/models"
    assert (group.location, group.account) == (MUMBAI, "111122223333")
    assert [(one.id, one.location) for one in (bucket, rest)] == [
        ("arn:aws:s3:::asked", None),
        ("arn:aws:s3:::large", None),
    ]
    assert {(one.of, one.channel) for one in (group, bucket, rest)} == {(ASKED, "bedrock-invocation-log")}


def test_a_copied_model_is_where_its_copy_is():
    source = "arn:aws:bedrock:us-east-1:444455556666:custom-model/example.large-v1:0:8k/abcdef123456"
    target = "arn:aws:bedrock:ap-south-1:111122223333:custom-model/example.large-v1:0:8k/fedcba654321"
    job = {"jobArn": "job", "sourceModelArn": source, "targetModelArn": target, "targetModelKmsKeyArn": "key"}
    [copy] = bedrock_models.read_copy(job, {}, HERE)
    assert (copy.of, copy.id, copy.channel, copy.key) == (source, target, "bedrock-model-copy", "key")
    assert (copy.location, copy.account) == (MUMBAI, "111122223333")


def test_copies_are_asked_for_where_there_are_models_only():
    cloud = RecordedCloud({"list_custom_models": {"modelSummaries": []}})
    assert list(bedrock_models.find_copies(cloud)) == []
    assert cloud.asked == ["list_custom_models"]
