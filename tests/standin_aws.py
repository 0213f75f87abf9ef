"""What a provider does to one AWS account and region: in moto where moto holds the kind, otherwise only by name."""

import json
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import boto3


class Kind:
    """A kind of resource that is only given a name."""

    service = ""
    named = "name"
    replaces: ClassVar[frozenset[str]] = frozenset({"name", "namePrefix", "region"})

    def name(self, urn_name: str, seed: str) -> str:
        return f"{urn_name}-{seed[:7]}"

    def make(self, aws: "StandinAws", kind: str, given: dict[str, Any]) -> dict[str, Any]:
        module, _, name = kind.removeprefix("aws:").partition(":")
        name = given.get(self.named) or f"{name[0].lower()}{name[1:]}-{aws.number()}"
        return {"id": name, "arn": aws.arn(module.partition("/")[0], f"{module.partition('/')[2]}/{name}")}

    def change(self, aws: "StandinAws", kind: str, known: str, given: dict[str, Any]) -> dict[str, Any]:
        return {}

    def remove(self, aws: "StandinAws", known: str, state: dict[str, Any]) -> None:
        pass


class Put(Kind):
    """A kind that is made and changed by the same call."""

    def change(self, aws: "StandinAws", kind: str, known: str, given: dict[str, Any]) -> dict[str, Any]:
        return self.make(aws, kind, given)


class Bucket(Kind):
    named = "bucket"
    replaces = frozenset({"bucket", "bucketPrefix", "region", "objectLockEnabled"})

    def make(self, aws, kind, given):
        name = given["bucket"]
        place = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=given.get("objectLockEnabled", False), **place)
        self.change(aws, kind, name, given)
        return {
            "id": name,
            "arn": f"arn:aws:s3:::{name}",
            "bucketDomainName": f"{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{name}.s3.{aws.region}.amazonaws.com",
            "region": aws.region,
        }

    def change(self, aws, kind, known, given):
        if given.get("tags"):
            aws.client("s3").put_bucket_tagging(Bucket=known, Tagging={"TagSet": _tags(given)})
        return {}

    def remove(self, aws, known, state):
        if state.get("forceDestroy"):
            _empty(aws.client("s3"), known, "")
        aws.client("s3").delete_bucket(Bucket=known)


class BucketSetting(Put):
    named = ""
    replaces = frozenset({"bucket", "region"})

    def __init__(self, put: str, away: str = "") -> None:
        self._put, self._away = put, away

    def make(self, aws, kind, given):
        getattr(aws.client("s3"), self._put)(Bucket=given["bucket"], **self.shape(given))
        return {"id": given["bucket"]}

    def remove(self, aws, known, state):
        if self._away:
            getattr(aws.client("s3"), self._away)(Bucket=known)

    def shape(self, given: dict[str, Any]) -> dict[str, Any]:
        match self._put:
            case "put_bucket_versioning":
                return {"VersioningConfiguration": _pascal(given["versioningConfiguration"])}
            case "put_bucket_encryption":
                rules = [
                    {
                        "ApplyServerSideEncryptionByDefault": {
                            "SSEAlgorithm": rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"],
                            "KMSMasterKeyID": rule["applyServerSideEncryptionByDefault"].get("kmsMasterKeyId", ""),
                        },
                        "BucketKeyEnabled": rule.get("bucketKeyEnabled", False),
                    }
                    for rule in given["rules"]
                ]
                return {"ServerSideEncryptionConfiguration": {"Rules": rules}}
            case "put_public_access_block":
                names = ("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets")
                return {"PublicAccessBlockConfiguration": {_upper(name): given.get(name, False) for name in names}}
            case "put_bucket_lifecycle_configuration":
                rules = [
                    {_LIFECYCLE.get(name, name): inner for name, inner in _pascal(rule).items()}
                    for rule in given["rules"]
                ]
                return {"LifecycleConfiguration": {"Rules": [{"Filter": {"Prefix": ""}, **rule} for rule in rules]}}
            case "put_object_lock_configuration":
                rule = {"Rule": _pascal(given["rule"])} if given.get("rule") else {}
                return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", **rule}}
            case "put_bucket_ownership_controls":
                return {"OwnershipControls": {"Rules": [_pascal(given["rule"])]}}
        raise LookupError(self._put)


_LIFECYCLE = {"Id": "ID"}


class BucketPolicy(Put):
    """Not given to moto, which would refuse every call that a condition lets through."""

    named = ""
    replaces = frozenset({"bucket", "region"})

    def make(self, aws, kind, given):
        json.loads(given["policy"])
        return {"id": given["bucket"]}


class Object(Put):
    named = ""
    replaces = frozenset({"bucket", "key", "region"})

    def make(self, aws, kind, given):
        body = given["content"].encode() if "content" in given else (aws.folder / given["source"]["path"]).read_bytes()
        put = aws.client("s3").put_object(Bucket=given["bucket"], Key=given["key"], Body=body)
        return {
            "id": f"{given['bucket']}/{given['key']}",
            "versionId": put.get("VersionId"),
            "etag": put["ETag"].strip('"'),
        }

    def remove(self, aws, known, state):
        _empty(aws.client("s3"), state["bucket"], state["key"])


class Table(Kind):
    replaces = frozenset({"name", "hashKey", "rangeKey", "region", "localSecondaryIndexes"})

    def make(self, aws, kind, given):
        dynamodb = aws.client("dynamodb")
        stream, sealed = given.get("streamEnabled", False), given.get("serverSideEncryption", {})
        created = dynamodb.create_table(
            TableName=given["name"],
            AttributeDefinitions=[
                {"AttributeName": one["name"], "AttributeType": one["type"]} for one in given["attributes"]
            ],
            KeySchema=_keys(given),
            BillingMode=given.get("billingMode", "PROVISIONED"),
            DeletionProtectionEnabled=given.get("deletionProtectionEnabled", False),
            StreamSpecification={"StreamEnabled": True, "StreamViewType": given["streamViewType"]}
            if stream
            else {"StreamEnabled": False},
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": sealed["kmsKeyArn"]}
            if sealed
            else {"Enabled": False},
            Tags=_tags(given),
            **(
                {"GlobalSecondaryIndexes": [_index(one) for one in given["globalSecondaryIndexes"]]}
                if given.get("globalSecondaryIndexes")
                else {}
            ),
        )["TableDescription"]
        if given.get("pointInTimeRecovery", {}).get("enabled"):
            dynamodb.update_continuous_backups(
                TableName=given["name"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
        if given.get("ttl"):
            ttl = {"AttributeName": given["ttl"]["attributeName"], "Enabled": given["ttl"].get("enabled", False)}
            dynamodb.update_time_to_live(TableName=given["name"], TimeToLiveSpecification=ttl)
        return {"id": given["name"], "arn": created["TableArn"], "streamArn": created.get("LatestStreamArn")}

    def change(self, aws, kind, known, given):
        aws.client("dynamodb").update_table(
            TableName=known, DeletionProtectionEnabled=given.get("deletionProtectionEnabled", False)
        )
        return {}

    def remove(self, aws, known, state):
        aws.client("dynamodb").delete_table(TableName=known)


class Key(Kind):
    named = ""
    replaces = frozenset({"region", "multiRegion", "keyUsage", "customerMasterKeySpec"})

    def make(self, aws, kind, given):
        tags = [{"TagKey": name, "TagValue": value} for name, value in given.get("tags", {}).items()]
        policy = {"Policy": given["policy"]} if "policy" in given else {}
        made = aws.client("kms").create_key(Description=given.get("description", ""), Tags=tags, **policy)[
            "KeyMetadata"
        ]
        if given.get("enableKeyRotation"):
            aws.client("kms").enable_key_rotation(KeyId=made["KeyId"])
        return {"id": made["KeyId"], "keyId": made["KeyId"], "arn": made["Arn"]}

    def change(self, aws, kind, known, given):
        if "policy" in given:
            aws.client("kms").put_key_policy(KeyId=known, PolicyName="default", Policy=given["policy"])
        return {}

    def remove(self, aws, known, state):
        aws.client("kms").schedule_key_deletion(KeyId=known, PendingWindowInDays=state.get("deletionWindowInDays", 30))


class Alias(Put):
    def make(self, aws, kind, given):
        aws.client("kms").create_alias(AliasName=given["name"], TargetKeyId=given["targetKeyId"])
        return {"id": given["name"], "arn": aws.arn("kms", given["name"])}

    def remove(self, aws, known, state):
        aws.client("kms").delete_alias(AliasName=known)


class Role(Kind):
    replaces = frozenset({"name", "namePrefix", "path"})

    def make(self, aws, kind, given):
        iam = aws.client("iam")
        boundary = {"PermissionsBoundary": given["permissionsBoundary"]} if given.get("permissionsBoundary") else {}
        made = iam.create_role(
            RoleName=given["name"],
            Path=given.get("path", "/"),
            AssumeRolePolicyDocument=given["assumeRolePolicy"],
            Description=given.get("description", ""),
            MaxSessionDuration=given.get("maxSessionDuration", 3600),
            Tags=_tags(given),
            **boundary,
        )["Role"]
        for policy in given.get("inlinePolicies", []):
            iam.put_role_policy(RoleName=given["name"], PolicyName=policy["name"], PolicyDocument=policy["policy"])
        for arn in given.get("managedPolicyArns", []):
            iam.attach_role_policy(RoleName=given["name"], PolicyArn=arn)
        return {"id": given["name"], "arn": made["Arn"], "uniqueId": made["RoleId"]}

    def change(self, aws, kind, known, given):
        aws.client("iam").update_assume_role_policy(RoleName=known, PolicyDocument=given["assumeRolePolicy"])
        return {}

    def remove(self, aws, known, state):
        iam = aws.client("iam")
        for policy in state.get("inlinePolicies", []):
            iam.delete_role_policy(RoleName=known, PolicyName=policy["name"])
        for arn in state.get("managedPolicyArns", []):
            iam.detach_role_policy(RoleName=known, PolicyArn=arn)
        iam.delete_role(RoleName=known)


class RolePolicy(Put):
    replaces = frozenset({"name", "role"})

    def make(self, aws, kind, given):
        aws.client("iam").put_role_policy(
            RoleName=given["role"], PolicyName=given["name"], PolicyDocument=given["policy"]
        )
        return {"id": f"{given['role']}:{given['name']}"}

    def remove(self, aws, known, state):
        aws.client("iam").delete_role_policy(RoleName=state["role"], PolicyName=state["name"])


class Policy(Kind):
    replaces = frozenset({"name", "path", "description"})

    def make(self, aws, kind, given):
        made = aws.client("iam").create_policy(
            PolicyName=given["name"], Path=given.get("path", "/"), PolicyDocument=given["policy"], Tags=_tags(given)
        )["Policy"]
        return {"id": made["Arn"], "arn": made["Arn"], "policyId": made["PolicyId"]}

    def remove(self, aws, known, state):
        aws.client("iam").delete_policy(PolicyArn=known)


class Attachment(Kind):
    named = ""
    replaces = frozenset({"role", "policyArn"})

    def make(self, aws, kind, given):
        aws.client("iam").attach_role_policy(RoleName=given["role"], PolicyArn=given["policyArn"])
        return {"id": f"{given['role']}/{given['policyArn']}"}

    def remove(self, aws, known, state):
        aws.client("iam").detach_role_policy(RoleName=state["role"], PolicyArn=state["policyArn"])


class Function(Kind):
    """Known only by name, but its handler must lie in its bundle."""

    def make(self, aws, kind, given):
        self.change(aws, kind, given["name"], given)
        arn = aws.arn("lambda", f"function:{given['name']}")
        invoked = f"arn:aws:apigateway:{aws.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
        qualified = f"{arn}:$LATEST"
        return {"id": given["name"], "arn": arn, "version": "$LATEST", "qualifiedArn": qualified, "invokeArn": invoked}

    def change(self, aws, kind, known, given):
        module = given["handler"].rpartition(".")[0].replace(".", "/") + ".py"
        with zipfile.ZipFile(aws.folder / given["code"]["path"]) as bundle:
            bundle.getinfo(module)
        return {}


class Topic(Kind):
    def make(self, aws, kind, given):
        sealed = {"KmsMasterKeyId": given["kmsMasterKeyId"]} if given.get("kmsMasterKeyId") else {}
        arn = aws.client("sns").create_topic(Name=given["name"], Attributes=sealed, Tags=_tags(given))["TopicArn"]
        self.change(aws, kind, arn, given)
        return {"id": arn, "arn": arn, "owner": aws.account}

    def change(self, aws, kind, known, given):
        if given.get("policy"):
            aws.client("sns").set_topic_attributes(
                TopicArn=known, AttributeName="Policy", AttributeValue=given["policy"]
            )
        return {}

    def remove(self, aws, known, state):
        aws.client("sns").delete_topic(TopicArn=known)


class TopicPolicy(Put):
    replaces = frozenset({"arn"})

    def make(self, aws, kind, given):
        aws.client("sns").set_topic_attributes(
            TopicArn=given["arn"], AttributeName="Policy", AttributeValue=given["policy"]
        )
        return {"id": given["arn"]}


class Subscription(Kind):
    replaces = frozenset({"topic", "protocol", "endpoint"})

    def make(self, aws, kind, given):
        made = aws.client("sns").subscribe(
            TopicArn=given["topic"], Protocol=given["protocol"], Endpoint=given["endpoint"], ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        return {"id": made, "arn": made, "pendingConfirmation": given["protocol"] == "email"}

    def remove(self, aws, known, state):
        aws.client("sns").unsubscribe(SubscriptionArn=known)


class LogGroup(Kind):
    def make(self, aws, kind, given):
        sealed = {"kmsKeyId": given["kmsKeyId"]} if given.get("kmsKeyId") else {}
        aws.client("logs").create_log_group(logGroupName=given["name"], tags=given.get("tags", {}), **sealed)
        self.change(aws, kind, given["name"], given)
        return {"id": given["name"], "arn": aws.arn("logs", f"log-group:{given['name']}")}

    def change(self, aws, kind, known, given):
        if given.get("retentionInDays"):
            aws.client("logs").put_retention_policy(logGroupName=known, retentionInDays=given["retentionInDays"])
        return {}

    def remove(self, aws, known, state):
        if not state.get("skipDestroy"):
            aws.client("logs").delete_log_group(logGroupName=known)


class StateMachine(Kind):
    replaces = frozenset({"name", "namePrefix", "type"})

    def make(self, aws, kind, given):
        made = aws.client("stepfunctions").create_state_machine(
            name=given["name"],
            definition=given["definition"],
            roleArn=given["roleArn"],
            type=given.get("type", "STANDARD"),
            tags=[{"key": name, "value": value} for name, value in given.get("tags", {}).items()],
        )["stateMachineArn"]
        return {"id": made, "arn": made}

    def change(self, aws, kind, known, given):
        aws.client("stepfunctions").update_state_machine(
            stateMachineArn=known, definition=given["definition"], roleArn=given["roleArn"]
        )
        return {}

    def remove(self, aws, known, state):
        aws.client("stepfunctions").delete_state_machine(stateMachineArn=known)


class Schedule(Kind):
    replaces = frozenset({"name", "namePrefix", "groupName"})

    def make(self, aws, kind, given):
        made = aws.client("scheduler").create_schedule(**self._shape(given))["ScheduleArn"]
        return {"id": f"{given.get('groupName', 'default')}/{given['name']}", "arn": made}

    def change(self, aws, kind, known, given):
        aws.client("scheduler").update_schedule(**self._shape(given))
        return {}

    def remove(self, aws, known, state):
        group, _, name = known.partition("/")
        aws.client("scheduler").delete_schedule(Name=name, GroupName=group)

    def _shape(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in _pascal(given).items() if name != "Region"}


class Alarm(Put):
    def make(self, aws, kind, given):
        shape = {
            **{
                _ALARM.get(name, _upper(name)): value for name, value in given.items() if name not in ("region", "tags")
            },
            "Dimensions": [{"Name": name, "Value": value} for name, value in given.get("dimensions", {}).items()],
        }
        if "metricQueries" in given:
            shape.pop("MetricQueries")
            shape["Metrics"] = [self._query(query) for query in given["metricQueries"]]
        aws.client("cloudwatch").put_metric_alarm(**shape)
        return {"id": given["name"], "arn": aws.arn("cloudwatch", f"alarm:{given['name']}")}

    def remove(self, aws, known, state):
        aws.client("cloudwatch").delete_alarms(AlarmNames=[known])

    def _query(self, query: dict[str, Any]) -> dict[str, Any]:
        shape = {_upper(name): value for name, value in query.items() if name != "metric"}
        if metric := query.get("metric"):
            dimensions = [{"Name": name, "Value": value} for name, value in metric.get("dimensions", {}).items()]
            shape["MetricStat"] = {
                "Metric": {
                    "Namespace": metric["namespace"],
                    "MetricName": metric["metricName"],
                    "Dimensions": dimensions,
                },
                "Period": metric["period"],
                "Stat": metric["stat"],
            }
        return shape


_ALARM = {"name": "AlarmName", "okActions": "OKActions"}


class Catalog(Kind):
    def make(self, aws, kind, given):
        aws.client("glue").create_database(DatabaseInput={"Name": given["name"]})
        return {
            "id": f"{aws.account}:{given['name']}",
            "arn": aws.arn("glue", f"database/{given['name']}"),
            "catalogId": aws.account,
        }

    def remove(self, aws, known, state):
        aws.client("glue").delete_database(Name=state["name"])


class CatalogTable(Kind):
    replaces = frozenset({"name", "databaseName", "catalogId"})

    def make(self, aws, kind, given):
        aws.client("glue").create_table(DatabaseName=given["databaseName"], TableInput=self._shape(given))
        return {
            "id": f"{aws.account}:{given['databaseName']}:{given['name']}",
            "arn": aws.arn("glue", f"table/{given['databaseName']}/{given['name']}"),
            "catalogId": aws.account,
        }

    def change(self, aws, kind, known, given):
        aws.client("glue").update_table(DatabaseName=given["databaseName"], TableInput=self._shape(given))
        return {}

    def remove(self, aws, known, state):
        aws.client("glue").delete_table(DatabaseName=state["databaseName"], Name=state["name"])

    def _shape(self, given: dict[str, Any]) -> dict[str, Any]:
        shape = {_upper(name): value for name, value in given.items()}
        storage = {**given["storageDescriptor"], "serdeInfo": given["storageDescriptor"].get("serDeInfo", {})}
        storage.pop("serDeInfo", None)
        parameters = storage["serdeInfo"].get("parameters", {})
        shape["StorageDescriptor"] = _pascal(storage)
        shape["StorageDescriptor"]["SerdeInfo"]["Parameters"] = parameters
        shape["PartitionKeys"] = _pascal(given.get("partitionKeys", []))
        return {name: value for name, value in shape.items() if name not in ("DatabaseName", "CatalogId", "Region")}


class Queue(Kind):
    replaces = frozenset({"name", "namePrefix", "fifoQueue"})

    def make(self, aws, kind, given):
        url = aws.client("sqs").create_queue(QueueName=given["name"], tags=given.get("tags", {}))["QueueUrl"]
        return {"id": url, "url": url, "arn": aws.arn("sqs", given["name"])}

    def remove(self, aws, known, state):
        aws.client("sqs").delete_queue(QueueUrl=known)


KINDS: Mapping[str, Kind] = {
    "aws:cloudwatch/logGroup:LogGroup": LogGroup(),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Alarm(),
    "aws:dynamodb/table:Table": Table(),
    "aws:glue/catalogDatabase:CatalogDatabase": Catalog(),
    "aws:glue/catalogTable:CatalogTable": CatalogTable(),
    "aws:iam/policy:Policy": Policy(),
    "aws:iam/role:Role": Role(),
    "aws:iam/rolePolicy:RolePolicy": RolePolicy(),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Attachment(),
    "aws:kms/alias:Alias": Alias(),
    "aws:kms/key:Key": Key(),
    "aws:lambda/function:Function": Function(),
    "aws:s3/bucket:Bucket": Bucket(),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": BucketSetting(
        "put_bucket_lifecycle_configuration", "delete_bucket_lifecycle"
    ),
    "aws:s3/bucketObject:BucketObject": Object(),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": BucketSetting(
        "put_object_lock_configuration"
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Object(),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": BucketSetting(
        "put_bucket_ownership_controls", "delete_bucket_ownership_controls"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": BucketPolicy(),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": BucketSetting(
        "put_public_access_block", "delete_public_access_block"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": BucketSetting(
        "put_bucket_encryption", "delete_bucket_encryption"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": BucketSetting("put_bucket_versioning"),
    "aws:scheduler/schedule:Schedule": Schedule(),
    "aws:sfn/stateMachine:StateMachine": StateMachine(),
    "aws:sns/topic:Topic": Topic(),
    "aws:sns/topicPolicy:TopicPolicy": TopicPolicy(),
    "aws:sns/topicSubscription:TopicSubscription": Subscription(),
    "aws:sqs/queue:Queue": Queue(),
}
OTHER = Kind()


class StandinAws:
    """One account of an organisation, as a provider sees it."""

    package = "aws"

    def __init__(self, folder: Path, *, account: str = "123456789012", organisation: str = "o-exampleorgid") -> None:
        self.account, self.region, self.folder = account, "", folder
        self._organisation = organisation
        self._clients: dict[str, Any] = {}
        self.made: dict[str, list[str]] = {}

    def configure(self, given: Mapping[str, Any]) -> None:
        self.region = given.get("region", self.region)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=self.region)
        return self._clients[service]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def arn(self, service: str, resource: str) -> str:
        where = "" if service == "iam" else self.region
        return f"arn:aws:{service}:{where}:{self.account}:{resource}"

    def number(self) -> str:
        return uuid.uuid4().hex[:12]

    def kind(self, kind: str) -> Kind:
        return KINDS.get(kind, OTHER)

    def shown(self, given: dict[str, Any]) -> dict[str, Any]:
        return given

    def make(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        made = self.kind(kind).make(self, kind, given)
        self.made.setdefault(kind, []).append(made["id"])
        return made

    def change(self, kind: str, known: str, given: dict[str, Any]) -> dict[str, Any]:
        return self.kind(kind).change(self, kind, known, given)

    def remove(self, kind: str, known: str, state: dict[str, Any]) -> None:
        self.kind(kind).remove(self, known, state)
        self.made[kind].remove(known)

    def answer(self, question: str, given: Mapping[str, Any]) -> dict[str, Any]:
        match question.rpartition(":")[2]:
            case "getCallerIdentity":
                arn = f"arn:aws:iam::{self.account}:user/deployer"
                return {"id": self.account, "accountId": self.account, "arn": arn, "userId": "AIDACKCEVSQ6C2EXAMPLE"}
            case "getRegion":
                region = given.get("region", self.region)
                endpoint = f"ec2.{region}.amazonaws.com"
                return {"id": region, "name": region, "region": region, "endpoint": endpoint, "description": region}
            case "getPartition":
                return {
                    "id": "aws",
                    "partition": "aws",
                    "dnsSuffix": "amazonaws.com",
                    "reverseDnsPrefix": "com.amazonaws",
                }
            case "getOrganization":
                arn = f"arn:aws:organizations::{self.account}:organization/{self._organisation}"
                root = {"id": "r-exam", "name": "Root", "arn": arn.replace(":organization/", ":root/") + "/r-exam"}
                return {
                    "id": self._organisation,
                    "arn": arn,
                    "masterAccountId": self.account,
                    "masterAccountArn": arn.replace(":organization/", ":account/") + f"/{self.account}",
                    "roots": [{**root, "policyTypes": []}],
                    "accounts": [],
                    "nonMasterAccounts": [],
                    "featureSet": "ALL",
                }
        raise LookupError(f"the stand-in does not answer {question}")


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def _pascal(value: Any) -> Any:
    if isinstance(value, dict):
        return {_upper(name): _pascal(inner) for name, inner in value.items()}
    return [_pascal(inner) for inner in value] if isinstance(value, list) else value


def _tags(given: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in given.get("tags", {}).items()]


def _keys(given: Mapping[str, Any]) -> list[dict[str, str]]:
    if "keySchemas" in given:
        return [{"AttributeName": one["attributeName"], "KeyType": one["keyType"]} for one in given["keySchemas"]]
    kinds = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
    return [{"AttributeName": given[name], "KeyType": kind} for name, kind in kinds if given.get(name)]


def _index(given: Mapping[str, Any]) -> dict[str, Any]:
    others = {"NonKeyAttributes": given["nonKeyAttributes"]} if given.get("nonKeyAttributes") else {}
    projection = {"ProjectionType": given["projectionType"], **others}
    return {"IndexName": given["name"], "KeySchema": _keys(given), "Projection": projection}


def _empty(s3: Any, bucket: str, prefix: str) -> None:
    listed = s3.list_object_versions(Bucket=bucket, Prefix=prefix)
    for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
